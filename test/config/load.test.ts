import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { keyBytes } from "../support/key-encryption-key.ts";
import { context, fileWorld, PLAIN_SECRET, problemsOf, SECRET, yamlOf } from "./context.ts";

const pem = (name: string) => readFileSync(new URL(`../support/tls/${name}`, import.meta.url), "utf8");
const CERTIFICATE = pem("cert.pem");
const PRIVATE_KEY = pem("key.pem");

function clientOf(keys: object, tenant: object = {}, env: Record<string, string> = {}) {
  const config = loadConfig(fileWorld(yamlOf(keys, tenant), env));
  return config.tenants.get("acme")?.clients.get("web");
}

describe("a configuration file", () => {
  test("has these defaults", () => {
    const config = loadConfig(fileWorld(yamlOf()));
    expect(config).toMatchObject({
      development: false,
      store: "sqlite:./data/mintmark.db",
      dataDirectory: "/srv/data",
      httpAddress: { host: "127.0.0.1", port: 7001 },
      rpcAddress: { host: "127.0.0.1", port: 7002 },
      managementAddress: { host: "127.0.0.1", port: 7003 },
      logLevel: "info",
      logFormat: "auto",
      tls: undefined,
      warnings: [],
      keyEncryptionKeys: [keyBytes()],
      keyPollEvery: 5,
      keyMaxStaleness: 900,
    });
    expect(config.publicUrl).toBe("http://127.0.0.1:7001");
  });

  test("gives a tenant these defaults", () => {
    const tenant = loadConfig(fileWorld(yamlOf({}, {}, { publicUrl: "https://mint.example" }))).tenants.get("acme");
    expect({ ...tenant, clients: undefined }).toEqual({
      id: "acme",
      clientDefaults: {},
      issuer: "https://mint.example/acme",
      tokenEndpoint: "https://mint.example/acme/connect/token",
      signing: {
        algorithm: "RS256",
        rotateEvery: 2_592_000,
        publishAhead: 86_400,
        jwksMaxAge: 3600,
        jwksKeyTypes: "all",
      },
      dpop: { window: 60, skew: 15 },
      refreshKeyRotateEvery: 2_592_000,
      strictClientAuthentication: false,
      resources: new Map(),
      authorities: new Map(),
      workloadIssuers: new Map(),
      clients: undefined,
      namespaceClaim: "client_namespace",
      limits: {
        claimsBytes: 16_384,
        claimsDepth: 8,
        claimsCount: 64,
        scopeLength: 300,
        subjectLength: 255,
        credentialLength: 100,
        tokenWarnBytes: 8192,
        tokenMaxBytes: 16_384,
      },
      rateLimits: {
        failed_authentication_per_client: [{ most: 10, period: 60 }],
        failed_authentication_per_address: [{ most: 100, period: 60 }],
        mint_per_client: [],
        requests_per_client: [],
      },
      operators: new Map(),
    });
  });

  test("gives a client these defaults", () => {
    expect(clientOf({})).toEqual({
      id: "web",
      namespace: undefined,
      secrets: [{ kind: "sha256", digest: Uint8Array.from(Buffer.from(SECRET.slice(7), "base64url")) }],
      workload: [],
      legacyAudience: false,
      tlsCertificates: [],
      certificateBoundTokens: false,
      dpop: "allowed",
      dpopNonce: false,
      allowConfirmation: false,
      requireSecret: true,
      enabled: true,
      grants: new Set(),
      scopes: new Set(),
      defaultScopes: [],
      allowOfflineAccess: false,
      accessTokenType: "jwt",
      accessTokenProfile: "legacy",
      accessTokenLifetime: 3600,
      idTokenLifetime: 300,
      absoluteRefreshTokenLifetime: 2_592_000,
      slidingRefreshTokenLifetime: 1_296_000,
      refreshTokenUsage: "rotate",
      refreshGrace: 10,
      requireRefreshSecret: true,
      allowedIssuers: new Set(),
      allowedAudiences: undefined,
      allowedSubjects: undefined,
      allowedClaims: new Set(),
      maxTokenBytes: undefined,
      claims: new Map(),
      introspection: "own",
    });
  });

  test("gives an authority these defaults", () => {
    const authorities = { "wellknown://a": { issuer: "https://a.example", audiences: ["me"] } };
    const tenant = loadConfig(fileWorld(yamlOf({}, { authorities }))).tenants.get("acme");
    expect(tenant?.authorities.get("wellknown://a")).toEqual({
      issuer: "https://a.example",
      audiences: ["me"],
      assertions: "none",
      subjectPrefix: "",
      amr: [],
      allowPrivateNetwork: false,
    });
  });

  test("is named by the command line and MINTMARK_CONFIG, that before this", () => {
    const files = { "/srv/a.yaml": yamlOf(), "/etc/b.yaml": yamlOf({}, {}, { logLevel: "debug" }) };
    const at = (path: string | undefined, env = {}) => loadConfig({ ...fileWorld("", env, files), path }).logLevel;
    expect(at("a.yaml")).toBe("info");
    expect(at("/etc/b.yaml")).toBe("debug");
    expect(at(undefined, { MINTMARK_CONFIG: "/etc/b.yaml" })).toBe("debug");
    expect(at("a.yaml", { MINTMARK_CONFIG: "/etc/b.yaml" })).toBe("info");
  });

  test("is overridden by variables, of which empty ones count as unset", () => {
    const top = {
      httpAddress: "10.0.0.1:1",
      rpcAddress: "10.0.0.1:2",
      managementAddress: "10.0.0.1:3",
      store: "sqlite:/a/a.db",
      logLevel: "warn",
      insecureHttp: true,
    };
    const yaml = yamlOf({}, {}, { ...top, publicUrl: "https://file.example" });
    const overridden = loadConfig(
      fileWorld(yaml, {
        MINTMARK_HTTP_ADDRESS: "[::1]:80",
        MINTMARK_RPC_ADDRESS: "localhost:0",
        MINTMARK_MANAGEMENT_ADDRESS: "localhost:9",
        MINTMARK_STORE: "sqlite:/b/b.db",
        MINTMARK_LOG_LEVEL: "trace",
        MINTMARK_PUBLIC_URL: "https://Variable.example/mint/",
      }),
    );
    expect(overridden).toMatchObject({
      httpAddress: { host: "::1", port: 80 },
      rpcAddress: { host: "localhost", port: 0 },
      managementAddress: { host: "localhost", port: 9 },
      store: "sqlite:/b/b.db",
      dataDirectory: "/b",
      logLevel: "trace",
    });
    expect(overridden.publicUrl).toBe("https://variable.example/mint");
    const kept = loadConfig(fileWorld(yaml, { MINTMARK_STORE: "", MINTMARK_LOG_LEVEL: "" }));
    expect(kept).toMatchObject({
      store: "sqlite:/a/a.db",
      logLevel: "warn",
      managementAddress: { host: "10.0.0.1", port: 3 },
    });
  });

  test("leaves to variables how long the store is waited for, and how far clocks may differ", () => {
    const env = { MINTMARK_START_TIMEOUT: "90s", MINTMARK_MAX_CLOCK_SKEW: "250" };
    expect(loadConfig(fileWorld(yamlOf(), env))).toMatchObject({ startTimeout: 90_000, maxClockSkew: 250 });
    expect(loadConfig(fileWorld(yamlOf()))).toMatchObject({
      startTimeout: 60_000,
      maxClockLag: 10_000,
      maxClockSkew: undefined,
    });
    expect(problemsOf(fileWorld(yamlOf(), { MINTMARK_START_TIMEOUT: "0s", MINTMARK_MAX_CLOCK_SKEW: "10001" }))).toEqual(
      [
        'MINTMARK_START_TIMEOUT: expected whole seconds or text such as 90s or 15m, from 1s to 1h, got "0s"',
        "MINTMARK_MAX_CLOCK_SKEW: expected milliseconds, a whole number from 1 to 10000, got 10001",
      ],
    );
  });

  test("holds durations in seconds, however they are written", () => {
    expect(clientOf({ accessTokenLifetime: "15m", idTokenLifetime: 90, refreshGrace: 0 })).toMatchObject({
      accessTokenLifetime: 900,
      idTokenLifetime: 90,
      refreshGrace: 0,
    });
  });

  test("lets what is shorter by default shrink with what is configured", () => {
    expect(clientOf({ absoluteRefreshTokenLifetime: "7d" })?.slidingRefreshTokenLifetime).toBe(7 * 86_400);
    expect(clientOf({ requireSecret: false })?.requireRefreshSecret).toBe(false);
    const small = { limits: { tokenMaxBytes: 4096 } };
    const tenants = loadConfig(fileWorld(yamlOf({}, small))).tenants;
    expect(tenants.get("acme")?.limits.tokenWarnBytes).toBe(4096);
  });

  test("names a variable for a secret, which is hashed at once", () => {
    expect(clientOf({ secrets: ["env:WEB_SECRET"] }, {}, { WEB_SECRET: PLAIN_SECRET })).toEqual(clientOf({}));
  });

  test("names the files for TLS", () => {
    const tls = { certificate: "tls/a.crt", key: "/etc/a.key" };
    const files = { "/srv/tls/a.crt": CERTIFICATE, "/etc/a.key": PRIVATE_KEY };
    const config = loadConfig(fileWorld(yamlOf({}, {}, { tls, httpAddress: "mint.example:443" }), {}, files));
    const minVersion = "TLSv1.2";
    const source = { ...tls, minVersion, clientCertificates: {} };
    expect(config.tls).toEqual({ certificate: CERTIFICATE, key: PRIVATE_KEY, minVersion, clients: {}, source });
    const ca = (path: string) => yamlOf({}, {}, { tls: { ...tls, clientCertificates: { rpc: { ca: path } } } });
    expect(loadConfig(fileWorld(ca("tls/a.crt"), {}, files)).tls?.clients).toEqual({
      rpc: { ca: CERTIFICATE, required: false },
    });
    expect(problemsOf(fileWorld(ca("/etc/a.key"), {}, files))).toEqual([
      "tls.clientCertificates.rpc.ca: expected /etc/a.key to contain a PEM certificate",
    ]);
    const withVersion = (version: unknown) => yamlOf({}, {}, { tls: { ...tls, minVersion: version } });
    for (const version of [1.3, "1.3"])
      expect(loadConfig(fileWorld(withVersion(version), {}, files)).tls?.minVersion).toBe("TLSv1.3");
    expect(problemsOf(fileWorld(withVersion(1.1), {}, files))).toEqual([
      "tls.minVersion: expected 1.2 or 1.3, got 1.1",
    ]);
    expect(config.publicUrl).toBe("https://mint.example");
    const swapped = { "/srv/tls/a.crt": PRIVATE_KEY };
    expect(problemsOf(fileWorld(yamlOf({}, {}, { tls }), {}, swapped))).toEqual([
      "tls.certificate: expected tls/a.crt to contain a PEM certificate",
      "tls.key: cannot read /etc/a.key (ENOENT)",
    ]);
  });

  const BROKEN = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
  const pkcs8 = { type: "pkcs8", format: "pem" } as const;
  const ec = { namedCurve: "P-256", publicKeyEncoding: { type: "spki", format: "pem" } } as const;
  const { privateKey: otherKey } = generateKeyPairSync("ec", { ...ec, privateKeyEncoding: pkcs8 });
  const { privateKey: otherKind } = generateKeyPairSync("ed25519", {
    publicKeyEncoding: ec.publicKeyEncoding,
    privateKeyEncoding: pkcs8,
  });
  const locked = { ...pkcs8, cipher: "aes-256-cbc", passphrase: "hunter2" };
  const { privateKey: lockedKey } = generateKeyPairSync("ec", { ...ec, privateKeyEncoding: locked });

  test.each([
    [BROKEN, PRIVATE_KEY, "tls.certificate: expected a.crt to contain a certificate; it is not usable (ERR_OSSL_"],
    [
      CERTIFICATE + BROKEN,
      PRIVATE_KEY,
      "tls: expected a certificate chain and a key for TLS; it is not usable (ERR_OSSL_",
    ],
    [
      CERTIFICATE,
      BROKEN.replaceAll("CERTIFICATE", "PRIVATE KEY"),
      "tls.key: expected a.key to contain a private key without a passphrase; it is not usable (ERR_OSSL_",
    ],
    [
      CERTIFICATE,
      lockedKey,
      "tls.key: expected a.key to contain a private key without a passphrase; it is not usable (ERR_",
    ],
    [CERTIFICATE, otherKey, "tls.key: expected a.key to contain the private key of the first certificate in a.crt"],
    [CERTIFICATE, otherKind, "tls.key: expected a.key to contain the private key of the first certificate in a.crt"],
  ])("refuses a certificate and a key for TLS that cannot be used: %#", (certificate, key, problem) => {
    const tls = { certificate: "a.crt", key: "a.key" };
    const files = { "/srv/a.crt": certificate, "/srv/a.key": key };
    expect(problemsOf(fileWorld(yamlOf({}, {}, { tls }), {}, files))).toEqual([expect.stringContaining(problem)]);
  });

  test("warns of a public URL that no client can use", () => {
    const config = loadConfig(fileWorld(yamlOf({}, {}, { httpAddress: "[::]:7001", trustedProxies: ["10.0.0.1"] })));
    expect(config.warnings).toHaveLength(1);
    expect(config.warnings[0]).toContain("http://[::]:7001");
    const named = yamlOf({}, {}, { httpAddress: "[::]:7001", insecureHttp: true, publicUrl: "https://mint.example" });
    expect(loadConfig(fileWorld(named)).warnings).toEqual([]);
  });
});

describe("issuers", () => {
  const two = (a: object, b: object) =>
    fileWorld(JSON.stringify({ publicUrl: "https://mint.example", tenants: { default: a, acme: b } }));

  test("are made of the public URL, which is the gateway's own address unless given", () => {
    const { tenants } = loadConfig(context({ env: { MINTMARK_HTTP_ADDRESS: "127.0.0.1:41234" } }));
    expect(tenants.get("default")?.issuer).toBe("http://127.0.0.1:41234");
    expect(tenants.get("acme")?.issuer).toBe("http://127.0.0.1:41234/acme");
  });

  test("are kept as they are written", () => {
    const config = loadConfig(two({ issuer: "https://Other.example/x/" }, {}));
    expect(config.tenants.get("default")?.issuer).toBe("https://Other.example/x/");
  });

  test("are unique even if they differ only in ways that do not count", () => {
    expect(problemsOf(two({}, { issuer: "https://MINT.example/" }))).toEqual([
      'tenants.acme.issuer: "https://MINT.example/" is already the issuer of the tenant default',
    ]);
  });

  test("cannot be made of a port that is not known yet", () => {
    const env = { MINTMARK_HTTP_ADDRESS: "127.0.0.1:0" };
    expect(problemsOf(context({ env }))).toEqual([
      "publicUrl: required if httpAddress has port 0, which means any free port",
    ]);
    expect(problemsOf(context({ env: { ...env, MINTMARK_PUBLIC_URL: "http://localhost:7001" } }))).toEqual([]);
  });

  test("of another tenant are allowed to no client", () => {
    const clients = (issuer: string) => ({
      clients: { web: { secrets: [SECRET], allowedIssuers: ["https://x", issuer] } },
    });
    expect(problemsOf(two({}, clients("https://mint.example/")))).toEqual([
      'tenants.acme.clients.web.allowedIssuers[1]: "https://mint.example/" is the issuer of the tenant default',
    ]);
    expect(problemsOf(two({}, clients("https://mint.example/acme")))).toEqual([]);
  });
});
