import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/schema/problems.ts";
import { fileWorld, problemsOf, SECRET, yamlOf } from "./context.ts";

/** The problems of one client, without the path to it. */
function clientProblems(client: object, tenant: object = {}, env: Record<string, string> = {}): readonly string[] {
  return problemsOf(fileWorld(yamlOf(client, tenant), env)).map((line) =>
    line.replace("tenants.acme.clients.web.", ""),
  );
}

function tenantFaults(tenant: object): readonly string[] {
  return problemsOf(fileWorld(yamlOf({}, tenant))).map((line) => line.replace("tenants.acme.", ""));
}

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

describe("the shape", () => {
  test("every problem has its line, with the path and what was expected", () => {
    const client = {
      accessTokenLifetime: "15 minutes",
      enabled: "yes",
      scopes: ["a b", 1],
      refreshTokenUsage: "rotat",
    };
    const top = { httpAddress: "7001", logLevel: "loud" };
    const yaml = yamlOf(client, { authorities: { "wellknown://a": { issuer: "http://a.example" } } }, top);
    const problems = problemsOf(fileWorld(yaml, { MINTMARK_RPC_ADDRESS: "x" }));
    expect(problems).toEqual([
      'MINTMARK_RPC_ADDRESS: expected host:port, IPv6 in brackets, port 0 to 65535, got "x"',
      'httpAddress: expected host:port, IPv6 in brackets, port 0 to 65535, got "7001"',
      'logLevel: expected fatal, error, warn, info, debug, trace or silent, got "loud"',
      'tenants.acme.authorities["wellknown://a"].issuer: expected an https URL (http only on loopback) without user, query and fragment, got "http://a.example"',
      'tenants.acme.authorities["wellknown://a"].audiences: expected a list of audiences, got nothing',
      'tenants.acme.clients.web.enabled: expected true or false, got "yes"',
      'tenants.acme.clients.web.scopes: expected a list of scopes, or "*" for any, got a list',
      'tenants.acme.clients.web.accessTokenLifetime: expected whole seconds or text such as 90s, 15m, 12h or 30d, up to 10 years, got "15 minutes"',
      'tenants.acme.clients.web.refreshTokenUsage: expected rotate or reuse, got "rotat"',
    ]);
    const error = new ConfigError(problems);
    expect(error.message.split("\n")).toEqual(problems);
  });

  test("of a client, an operator or a tenant hides nothing that is wrong elsewhere, whatever kind it is", () => {
    const clients = {
      web: { secrets: [SECRET], colour: "red" },
      app: { secrets: [SECRET], accessTokenLifetime: "long" },
      job: { secrets: ["env:NONE"] },
    };
    const operators = { ops: { secrets: [SECRET], tenants: 7 }, other: { secrets: ["env:NO"], tenants: ["acme"] } };
    const wrong = { rateLimits: { mint_per_client: 5 }, limtis: {}, markClaim: "sub" };
    const yaml = yamlOf({}, { clients, ...wrong }, { operators, logLevel: "loud" });
    expect(problemsOf(fileWorld(yaml))).toEqual([
      expect.stringMatching(/^logLevel: expected /),
      'operators.ops.tenants: expected a list of tenants, or "*" for all, got 7',
      "tenants.acme.clients.web.colour: unknown key",
      expect.stringMatching(/^tenants.acme.clients.app.accessTokenLifetime: expected .*, got "long"$/),
      expect.stringMatching(/^tenants.acme.rateLimits.mint_per_client: expected rates .*, got 5$/),
      "tenants.acme.limtis: unknown key; did you mean limits?",
      "operators.other.secrets[0]: the variable NO is missing or empty",
      'tenants.acme.markClaim: only the mint sets the claim "sub"; expected another name',
      "tenants.acme.clients.job.secrets[0]: the variable NONE is missing or empty",
    ]);
  });

  test("of anything else is told first: rules that depend on it would mislead", () => {
    const yaml = yamlOf({ secrets: ["env:NONE"] }, {}, { tls: { cert: "x" } });
    expect(problemsOf(fileWorld(yaml)).join()).not.toContain("NONE");
  });

  test("an unknown key is told, with the nearest known one", () => {
    const yaml = yamlOf({ acessTokenLifetime: 1, colour: 2 }, { limits: { claimBytes: 1 } }, { publicURL: "x" });
    expect(problemsOf(fileWorld(yaml))).toEqual([
      "tenants.acme.clients.web.acessTokenLifetime: unknown key; did you mean accessTokenLifetime?",
      "tenants.acme.clients.web.colour: unknown key",
      "tenants.acme.limits.claimBytes: unknown key; did you mean claimsBytes?",
      "publicURL: unknown key; did you mean publicUrl?",
    ]);
  });

  test.each([
    [{ accessTokenLifetime: 0 }, "accessTokenLifetime: expected whole seconds"],
    [{ accessTokenLifetime: "0s" }, "accessTokenLifetime: expected whole seconds"],
    [{ idTokenLifetime: 1.5 }, "idTokenLifetime: expected whole seconds"],
    [{ idTokenLifetime: "3651d" }, "idTokenLifetime: expected whole seconds"],
    [{ refreshGrace: -1 }, "refreshGrace: expected whole seconds, which may be 0"],
    [{ maxTokenBytes: 0 }, "maxTokenBytes: expected a whole number from 1 to"],
    [{ maxGrants: 0 }, "maxGrants: expected a whole number from 1 to"],
    [{ maxReferenceTokens: "many" }, "maxReferenceTokens: expected a whole number from 1 to"],
    [{ maxRevocations: 1e10 }, "maxRevocations: expected a whole number from 1 to"],
    [{ grants: "*" }, "grants: expected a list, got a string"],
    [{ scopes: "a" }, 'scopes: expected a list of scopes, or "*"'],
    [{ scopes: ['a"'] }, "scopes[0]: expected a scope"],
    [{ defaultScopes: "*" }, "defaultScopes: expected a list, got a string"],
    [{ introspection: [] }, "introspection: expected at least one resource"],
    [{ introspection: "all" }, "introspection: expected own, tenant or a list of resources"],
    [{ allowedSubjects: "*" }, "allowedSubjects: expected a list, got a string"],
    [{ accessTokenType: "JWT" }, "accessTokenType: expected jwt or reference"],
    [{ namespace: "" }, "namespace: expected a string that is not empty"],
    [{ claims: { "*": { a: 2 ** 53 } } }, 'claims["*"]: expected whole numbers between'],
    [{ claims: { "*": ["a"] } }, 'claims["*"]: expected a mapping, got a list'],
  ])("of a client: %j", (client, problem) => {
    const problems = clientProblems(client);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test.each([
    [{ issuer: "https://a?x=1" }, "issuer: expected an http or https URL"],
    [
      { signing: { algorithm: "HS256" } },
      "signing.algorithm: expected RS256, PS256, ES256, ES384, ES512, Ed25519, EdDSA",
    ],
    [{ resources: { "a b": [] } }, 'resources["a b"]: expected a scope'],
    [{ resources: { a: ["b c"] } }, "resources.a[0]: expected a scope"],
    [{ limits: { claimsDepth: 1000 } }, "limits.claimsDepth: expected a whole number from 1 to 32"],
    [
      { rateLimits: { mint_per_client: 10 } },
      "rateLimits.mint_per_client: expected rates such as 10/s, 100/15m (a longer period allows more; the longest is a day), or unlimited, got 10",
    ],
    [{ rateLimits: { requests_per_client: "10/s, 5/m" } }, 'or unlimited, got "10/s, 5/m"'],
    [
      { rateLimits: { mints_per_client: "1/s" } },
      "rateLimits.mints_per_client: unknown key; did you mean mint_per_client?",
    ],
    [{ clients: { é: { secrets: [SECRET] } } }, 'clients["é"]: expected a client id'],
    [{ authorities: { a: { issuer: "https://a", audiences: [] } } }, "authorities.a.audiences: expected at least one"],
    [
      { authorities: { a: { issuer: "https://a", audiences: ["me"], authorizedParties: [] } } },
      "authorities.a.authorizedParties: expected at least one authorized party",
    ],
    [{ strictClientAuthentication: 1 }, "strictClientAuthentication: expected true or false, got 1"],
    [
      { clientDefaults: { refreshGrace: -1 }, clients: { a: { requireSecret: false }, b: { requireSecret: false } } },
      "clientDefaults.refreshGrace: expected whole seconds, which may be 0",
    ],
    [{ clientDefaults: { secrets: [] } }, "clientDefaults.secrets: unknown key"],
    [{ clientDefaults: { jwksUri: "https://x.example" } }, "clientDefaults.jwksUri: unknown key"],
    [{ clientDefaults: { workload: [] } }, "clientDefaults.workload: unknown key"],
    [{ clientDefaults: { tlsClientAuth: { dns: "x.example" } } }, "clientDefaults.tlsClientAuth: unknown key"],
    [{ clientDefaults: { tlsCertificates: [] } }, "clientDefaults.tlsCertificates: unknown key"],
  ])("of a tenant: %j", (tenant, problem) => {
    const problems = tenantFaults(tenant);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test.each(["Acme", "-a", "a_b", "a".repeat(64), "a/b"])("%s is not a tenant id", (id) => {
    const problems = problemsOf(fileWorld(JSON.stringify({ tenants: { [id]: {} } })));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("expected a tenant id: 1 to 63 lower-case letters, digits and hyphens");
  });

  test("a file needs tenants", () => {
    expect(problemsOf(fileWorld(""))).toEqual(["expected a mapping, got nothing"]);
    expect(problemsOf(fileWorld("logLevel: info"))).toEqual(["tenants: expected a mapping, got nothing"]);
    expect(problemsOf(fileWorld("tenants: {}"))).toEqual(["tenants: expected at least one tenant"]);
  });
});

describe("the rules", () => {
  test.each([
    [
      { secrets: [] },
      "secrets: expected at least one, as requireSecret is true and there is neither jwks, jwksUri, workload, tlsClientAuth nor tlsCertificates",
    ],
    [{ requireSecret: false, requireRefreshSecret: true }, "requireRefreshSecret: expected false"],
    [{ requireSecret: false, refreshTokenUsage: "reuse" }, "refreshTokenUsage: expected rotate"],
    [{ requireRefreshSecret: false, refreshTokenUsage: "reuse" }, "refreshTokenUsage: expected rotate"],
    [
      { absoluteRefreshTokenLifetime: "1d", slidingRefreshTokenLifetime: "2d" },
      "slidingRefreshTokenLifetime: expected no more than absoluteRefreshTokenLifetime",
    ],
    [{ maxTokenBytes: 16_385 }, "maxTokenBytes: expected at most 16384, the tenant's limits.tokenMaxBytes"],
    [{ grants: ["arbitrary_tokn"] }, 'grants[0]: unknown grant type "arbitrary_tokn"; did you mean arbitrary_token?'],
    [{ grants: ["refresh_token"] }, 'grants[0]: unknown grant type "refresh_token"; expected one of arbitrary_token'],
    [{ claims: { arbitrary: {} } }, 'claims.arbitrary: unknown grant type "arbitrary"'],
    [{ claims: { "*": { Sub: "x" } } }, 'claims["*"].Sub: only the mint sets this claim'],
    [{ claims: { arbitrary_token: { exp: 1 } } }, "claims.arbitrary_token.exp: only the mint sets this claim"],
    [{ scopes: ["a", "offline_access"] }, "scopes[1]: offline_access is granted by allowOfflineAccess: true"],
    [{ scopes: ["a", "*"] }, 'scopes[1]: expected the name of a scope; for any scope: scopes: "*"'],
    [{ defaultScopes: ["a"] }, "defaultScopes[0]: expected one of scopes, got a"],
    [{ scopes: "*", defaultScopes: ["*"] }, "defaultScopes[0]: expected the name of a scope"],
    [{ scopes: "*", defaultScopes: ["a", "openid"] }, "defaultScopes[1]: client_credentials never grants openid"],
    [
      { allowOfflineAccess: true, defaultScopes: ["offline_access"] },
      "defaultScopes[0]: client_credentials never grants offline_access",
    ],
    [
      { requireSecret: false, grants: ["client_credentials"], allowPublicMint: true },
      "requireSecret: expected true, as grants has client_credentials (RFC 6749 section 4.4)",
    ],
    [
      { requireSecret: false, grants: [EXCHANGE], allowPublicMint: true, tokenExchange: { subjectTokens: ["jwt"] } },
      `requireSecret: expected true, as grants has ${EXCHANGE} (RFC 8693 section 5)`,
    ],
    [{ grants: [EXCHANGE] }, `tokenExchange: expected what the client may exchange, as grants has ${EXCHANGE}`],
    [{ tokenExchange: { subjectTokens: [] } }, "tokenExchange.subjectTokens: expected at least one type of token"],
    [
      { tokenExchange: { subjectTokens: ["saml2"] } },
      "tokenExchange.subjectTokens[0]: expected one of access_token, id_token, jwt",
    ],
    [
      { tokenExchange: { subjectTokens: ["jwt"], mode: "both" } },
      "tokenExchange.mode: expected delegation, impersonation, any",
    ],
    [{ introspection: ["a"] }, 'introspection[0]: "a" is not a resource of the tenant'],
    [{ secrets: ["env:NONE"] }, "secrets[0]: the variable NONE is missing or empty"],
    [{ secrets: ["env:EMPTY"] }, "secrets[0]: the variable EMPTY is missing or empty"],
    [{ secrets: ["env:LONG"] }, "secrets[0]: expected the variable LONG to have at most 100 characters"],
    [
      { requireSecret: false, grants: ["arbitrary_token"] },
      "allowPublicMint: expected true, as requireSecret is false",
    ],
    [
      { requireSecret: false, secrets: [], grants: ["arbitrary_token"], allowPublicMint: false },
      "allowPublicMint: expected true",
    ],
  ])("for a client: %j", (client, problem) => {
    const problems = clientProblems(client, {}, { EMPTY: "", LONG: "x".repeat(101) });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test.each([
    { requireSecret: false },
    { requireSecret: false, grants: ["arbitrary_token"], allowPublicMint: true },
    { allowPublicMint: true },
  ])("let a public client be: %j", (client) => expect(clientProblems(client)).toEqual([]));

  test.each([
    [{ resources: { a: ["s"], b: ["s"] } }, "resources.b[0]: the resource a already owns the scope s"],
    [{ resources: { a: ["offline_access"] } }, "resources.a[0]: no resource can own offline_access"],
    [{ markClaim: "SUB" }, 'markClaim: only the mint sets the claim "SUB"'],
    [{ limits: { tokenWarnBytes: 2, tokenMaxBytes: 1 } }, "limits.tokenWarnBytes: expected no more than tokenMaxBytes"],
    [{ limits: { credentialLength: 2 } }, "clients.web: expected an id of at most 2 characters"],
  ])("for a tenant: %j", (tenant, problem) => {
    const problems = tenantFaults(tenant);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test("the tenant's own mark claim is the mint's too", () => {
    expect(clientProblems({ claims: { "*": { Mark: "x" } } }, { markClaim: "mark" })).toEqual([
      'claims["*"].Mark: only the mint sets this claim',
    ]);
  });

  test("all problems are told at once", () => {
    const problems = clientProblems({ secrets: [], grants: ["x"], scopes: ["offline_access"] }, { markClaim: "sub" });
    expect(problems).toHaveLength(4);
  });
});

describe("secrets in errors", () => {
  const PLAIN = "hunter2-correct-horse";

  test.each([
    yamlOf({ secrets: [PLAIN] }),
    yamlOf({ secrets: [`sha256:${PLAIN}`] }),
    yamlOf({ secrets: [`scrypt:${PLAIN}`] }),
    yamlOf({ secrets: [`env:${PLAIN}`] }),
    yamlOf({ secrets: PLAIN }),
    yamlOf({ secrets: { a: PLAIN } }),
    yamlOf({ secrets: [[PLAIN]] }),
    yamlOf({ secret: PLAIN }),
    JSON.stringify({ tenants: { acme: { clients: { web: PLAIN } } } }),
    yamlOf({}, {}, { store: PLAIN }),
    yamlOf({}, {}, { publicUrl: `https://me:${PLAIN}@mint.example` }),
    PLAIN,
    `secrets: [${PLAIN}`,
    `secrets: "${PLAIN}" "${PLAIN}"`,
    `secrets: *${PLAIN}`,
    `secrets: !${PLAIN} x`,
    `secrets: - ${PLAIN}`,
  ])("a secret is never repeated: %s", (yaml) => {
    const problems = problemsOf(fileWorld(yaml));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join()).not.toContain(PLAIN);
  });

  test("nor one in a variable", () => {
    const env = { MINTMARK_STORE: `//${PLAIN}`, LONG: PLAIN.repeat(9), MINTMARK_KEY_ENCRYPTION_KEY: PLAIN };
    const problems = problemsOf(fileWorld(yamlOf({ secrets: ["env:LONG"] }), env));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join()).not.toContain(PLAIN);
  });
});

describe("authorities", () => {
  const withPrefixes = (...prefixes: readonly (string | undefined)[]) =>
    tenantFaults({
      authorities: Object.fromEntries(
        prefixes.map((subjectPrefix, index) => [
          `idp${index}`,
          {
            issuer: `https://${index}.example`,
            audiences: ["me"],
            ...(subjectPrefix !== undefined && { subjectPrefix }),
          },
        ]),
      ),
    });

  test.each([
    [["a.", "a.b."], "authorities.idp0.subjectPrefix: expected a prefix that is not the beginning of idp1's"],
    [["x.", "x."], "authorities.idp0.subjectPrefix: expected a prefix that is not the beginning of idp1's"],
    [[undefined, "x."], "authorities.idp0.subjectPrefix: expected a prefix that is not the beginning of idp1's"],
    [["x.", ""], "authorities.idp1.subjectPrefix: expected a prefix that is not the beginning of idp0's"],
    [["A.", "a.b."], '"A." is the beginning of "a.b.", ignoring case and Unicode form'],
    [["b.", "a.", "A."], "authorities.idp1.subjectPrefix: expected a prefix that is not the beginning of idp2's"],
    [["\u00e9", "e\u0301"], "ignoring case and Unicode form"],
    [["e", "\u00e9."], '"e" is the beginning of "\u00e9.", ignoring case and Unicode form'],
    [["a\u0301", "a\u0301\u0323."], '"a\u0301" is the beginning of "a\u0301\u0323."'],
    [["\uff41.", "a."], "ignoring case and Unicode form"],
    [["\u03a3.", "\u03c2."], "ignoring case and Unicode form"],
  ])("with the prefixes %j could give the same subject", (prefixes, problem) => {
    expect(withPrefixes(...prefixes)[0]).toContain(problem);
  });

  test("one alone needs no prefix, and several need different ones", () => {
    expect(withPrefixes(undefined)).toEqual([]);
    expect(withPrefixes("a.", "b.", "a-")).toEqual([]);
    expect(withPrefixes("\u00e9.", "e.", "\u00e8.")).toEqual([]);
  });

  test.each(["a\ud800", "\udc00", "a\n", "\0", "a\u0085"])("a prefix may hold what a sub may, not %j", (prefix) => {
    expect(withPrefixes(prefix)[0]).toContain(
      "authorities.idp0.subjectPrefix: expected well-formed text without control characters",
    );
  });

  test("a prefix leaves room for a sub", () => {
    const authority = { issuer: "https://a.example", audiences: ["me"] };
    const ofLength = (length: number, limits: object = {}) =>
      tenantFaults({ authorities: { a: { ...authority, subjectPrefix: "x".repeat(length) } }, limits });
    expect(ofLength(254)).toEqual([]);
    expect(ofLength(255)[0]).toContain(
      "authorities.a.subjectPrefix: expected fewer characters than a subject may have (limits.subjectLength: 255), got 255",
    );
    expect(ofLength(9, { subjectLength: 10 })).toEqual([]);
    expect(ofLength(10, { subjectLength: 10 })[0]).toContain("(limits.subjectLength: 10), got 10");
    expect(ofLength(300, { subjectLength: 500 })).toEqual([]);
  });

  const atIssuer = (issuer: string, more: object = {}) =>
    tenantFaults({ authorities: { a: { issuer, audiences: ["me"], ...more } } });

  test.each([
    "https://169.254.169.254",
    "https://0.0.0.0",
    "https://[fe80::1]",
    "https://[::ffff:8.8.8.8]",
    "https://0xa9fea9fe",
  ])("none can be at %s", (issuer) => {
    for (const allowPrivateNetwork of [false, true]) {
      expect(atIssuer(issuer, { allowPrivateNetwork })[0]).toContain(
        "authorities.a.issuer: expected an address that a provider can use, got ",
      );
    }
  });

  test.each(["https://10.0.0.1", "https://192.168.1.1:8443/a", "https://[fd00::1]", "https://167772161"])(
    "one at %s needs the private network",
    (issuer) => {
      expect(atIssuer(issuer)[0]).toContain(
        "authorities.a.issuer: expected a public address, or allowPrivateNetwork: true beside it, got ",
      );
      expect(atIssuer(issuer, { allowPrivateNetwork: true })).toEqual([]);
    },
  );

  test.each([
    "https://8.8.8.8",
    "https://[2606:4700::1111]",
    "http://127.0.0.1:1",
    "https://[::1]",
    "http://localhost",
  ])("one can be at %s", (issuer) => expect(atIssuer(issuer)).toEqual([]));
});

describe("the claims of a client", () => {
  test("fixed ones obey the same rules as a caller's, and acr needs to be allowed", () => {
    expect(clientProblems({ claims: { "*": { acr: "x" } } })[0]).toContain("only the mint sets this claim");
    expect(clientProblems({ allowedClaims: ["acr"], claims: { "*": { acr: "x" } } })).toEqual([]);
    expect(clientProblems({ claims: { "*": { "name ": "x" } } })[0]).toContain("only the mint sets this claim");
  });

  test("what may be allowed is a closed list", () => {
    for (const name of ["sub", "iss", "act", "cnf", "ACR"])
      expect(clientProblems({ allowedClaims: [name] })[0]).toContain(
        "allowedClaims[0]: expected one of acr, authmethod",
      );
  });
});
