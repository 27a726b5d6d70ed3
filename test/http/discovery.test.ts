import * as oauth from "oauth4webapi";
import { describe, expect, test } from "vitest";
import type { Client, TokenExchangePolicy } from "../../src/registry/tenant.ts";
import { testClient } from "../support/tenant.ts";
import { listen, sendRaw, testGateway } from "./support.ts";

const JSON_TYPE = { "content-type": "application/json" };
const OPENID = ["/.well-known/openid-configuration", "/acme/.well-known/openid-configuration"];
const OAUTH = [
  "/.well-known/oauth-authorization-server",
  "/acme/.well-known/oauth-authorization-server",
  "/.well-known/oauth-authorization-server/acme",
];
const JWKS = [
  "/.well-known/openid-configuration/jwks",
  "/acme/.well-known/openid-configuration/jwks",
  "/.well-known/jwks.json",
  "/acme/.well-known/jwks.json",
];
const DOCUMENTS = [...OPENID, ...OAUTH, ...JWKS];

describe("the metadata", () => {
  const metadata = (issuer: string) => ({
    issuer,
    token_endpoint: `${issuer}/connect/token`,
    jwks_uri: `${issuer}/.well-known/openid-configuration/jwks`,
    introspection_endpoint: `${issuer}/connect/introspect`,
    revocation_endpoint: `${issuer}/connect/revocation`,
    grant_types_supported: ["arbitrary_token", "arbitrary_identity", "refresh_token"],
    grant_parameters_supported: { arbitrary_token: ["issuer"], arbitrary_identity: ["subject", "scope"] },
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    revocation_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    dpop_signing_alg_values_supported: ["ES256", "ES384", "ES512", "Ed25519", "EdDSA", "RS256", "PS256"],
    id_token_signing_alg_values_supported: ["ES256"],
    introspection_signing_alg_values_supported: ["ES256"],
    subject_types_supported: ["public"],
    response_types_supported: ["none"],
    scopes_supported: ["aggregator_service.full_access", "aggregator_service.read_only", "offline_access"],
  });

  test.each([...OPENID, ...OAUTH])("is at %s", async (path) => {
    const { app } = testGateway();
    const response = await app.inject(path);
    expect(response.statusCode).toBe(200);
    expect(response.headers["content-type"]).toBe("application/json; charset=utf-8");
    const issuer = path.includes("acme") ? "https://mint.example/acme" : "https://mint.example";
    const authorization = OPENID.includes(path) && { authorization_endpoint: `${issuer}/connect/authorize` };
    expect(response.json()).toEqual({ ...metadata(issuer), ...authorization });
  });

  test.each([...OPENID, ...OAUTH])("has no double slash, though the public URL ends in one: %s", async (path) => {
    const { app } = testGateway({ publicUrl: "https://mint.example/" });
    const text = (await app.inject(path)).body;
    expect(text.replaceAll("https://", "")).not.toContain("//");
  });

  test.each([...OPENID, ...OAUTH])("has no list that is empty, whatever there is not: %s", async (path) => {
    const { app, engine } = testGateway();
    engine.keys = [];
    const known = engine.forTenant("acme");
    if (known === undefined) throw new Error("there is no such tenant");
    engine.forTenant = () => ({ ...known, tenant: { ...known.tenant, resources: new Map(), clients: new Map() } });
    const document = (await app.inject(path)).json();
    expect(document.id_token_signing_alg_values_supported).toEqual([known.tenant.signing.algorithm]);
    const lists = Object.values({ ...document, ...document.grant_parameters_supported }).filter(Array.isArray);
    expect(lists.length).toBeGreaterThan(5);
    for (const list of lists) expect(list).not.toEqual([]);
  });

  test.each([
    [{ requireSecret: false }, ["none"]],
    [{ requireSecret: false, enabled: false }, []],
    [{ requireRefreshSecret: false }, []],
  ])("names the method none exactly if a client may leave its secret out: %j", async (client, added) => {
    const { app, engine } = testGateway();
    const known = engine.forTenant("acme");
    if (known === undefined) throw new Error("there is no such tenant");
    const clients = new Map([testClient(), testClient({ id: "web", ...client })].map((each) => [each.id, each]));
    engine.forTenant = () => ({ ...known, tenant: { ...known.tenant, clients } });
    const hasProof = ["client_secret_basic", "client_secret_post"];
    for (const path of [...OPENID, ...OAUTH]) {
      expect((await app.inject(path)).json()).toMatchObject({
        token_endpoint_auth_methods_supported: [...hasProof, ...added],
        revocation_endpoint_auth_methods_supported: [...hasProof, ...added],
        introspection_endpoint_auth_methods_supported: hasProof,
      });
    }
  });

  const ONE = new Set(["arbitrary_identity"]);
  const EXCHANGE = new Set(["urn:ietf:params:oauth:grant-type:token-exchange"]);
  const anyExchange = testClient().tokenExchange as TokenExchangePolicy;
  const OWNED = ["aggregator_service.full_access", "aggregator_service.read_only"];

  test.each<[string, Partial<Client>[], { grants: string[]; refreshes: boolean; scopes?: string[] }]>([
    ["one", [{ grants: ONE }], { grants: [...ONE], refreshes: true, scopes: [...OWNED, "offline_access"] }],
    ["a disabled one", [{ grants: ONE, enabled: false }], { grants: [], refreshes: true }],
    [
      "one without refresh tokens",
      [{ grants: ONE, allowOfflineAccess: false }],
      { grants: [...ONE], refreshes: false, scopes: OWNED },
    ],
    [
      "one whose grants give none",
      [{ grants: new Set(["client_credentials"]) }],
      { grants: ["client_credentials"], refreshes: false, scopes: OWNED },
    ],
    [
      "one that may refresh an exchange",
      [{ grants: EXCHANGE }],
      { grants: [...EXCHANGE], refreshes: true, scopes: [...OWNED, "offline_access"] },
    ],
    [
      "one that may not",
      [{ grants: EXCHANGE, tokenExchange: { ...anyExchange, allowRefresh: false } }],
      { grants: [...EXCHANGE], refreshes: false, scopes: OWNED },
    ],
    [
      "several with some scopes",
      [
        { grants: ONE, scopes: new Set(["aggregator_service.read_only", "a"]), allowOfflineAccess: false },
        { grants: new Set(), scopes: "*" },
      ],
      { grants: [...ONE], refreshes: false, scopes: ["aggregator_service.read_only"] },
    ],
  ])("names the grants and the scopes that the clients may ask for: %s", async (_, members, named) => {
    const { app, engine } = testGateway();
    const known = engine.forTenant("acme");
    if (known === undefined) throw new Error("there is no such tenant");
    const others = ["client_credentials", ...EXCHANGE].map((grant) => [grant, ["scope"]] as const);
    const grantParameters = new Map([...known.grantParameters, ...others]);
    const refreshableGrants = new Set([...known.refreshableGrants, ...EXCHANGE]);
    const clients = new Map(members.map((client, index) => [`c${index}`, testClient({ id: `c${index}`, ...client })]));
    engine.forTenant = () => ({ ...known, grantParameters, refreshableGrants, tenant: { ...known.tenant, clients } });
    for (const path of [...OPENID, ...OAUTH]) {
      const document = (await app.inject(path)).json();
      expect(document.grant_types_supported).toEqual([...named.grants, ...(named.refreshes ? ["refresh_token"] : [])]);
      expect(Object.keys(document.grant_parameters_supported)).toEqual(named.grants);
      expect(document.scopes_supported).toEqual(named.scopes);
    }
  });

  test("is taken by a client that follows the specification", async () => {
    const { app } = testGateway();
    for (const [path, algorithm] of [
      ["/.well-known/openid-configuration", "oidc"],
      ["/.well-known/oauth-authorization-server", "oauth2"],
    ] as const) {
      const inject = async () => new Response((await app.inject(path)).body, { headers: JSON_TYPE });
      const issuer = new URL("https://mint.example");
      const response = await oauth.discoveryRequest(issuer, { algorithm, [oauth.customFetch]: inject });
      const server = await oauth.processDiscoveryResponse(issuer, response);
      expect(server).toMatchObject({ token_endpoint: "https://mint.example/connect/token" });
    }
  });

  test("names the algorithms of the published keys, each once", async () => {
    const { app, engine } = testGateway();
    engine.keys = ["RS256", "ES256", "RS256"].map((alg, index) => ({ kid: `k${index}`, alg }));
    expect((await app.inject("/.well-known/openid-configuration")).json()).toMatchObject({
      id_token_signing_alg_values_supported: ["RS256", "ES256"],
    });
  });

  test("builds on the public URL, not on the issuer, with or without a slash and a path", async () => {
    const { app } = testGateway({ publicUrl: "https://proxy.example/mint/" });
    const base = "https://proxy.example/mint/acme";
    expect((await app.inject("/acme/.well-known/openid-configuration")).json()).toMatchObject({
      issuer: "https://mint.example/acme",
      token_endpoint: `${base}/connect/token`,
      introspection_endpoint: `${base}/connect/introspect`,
      revocation_endpoint: `${base}/connect/revocation`,
      jwks_uri: `${base}/.well-known/openid-configuration/jwks`,
    });
  });
});

test.each(JWKS)("the keys are at %s, as they are now", async (path) => {
  const { app, engine } = testGateway();
  const before = await app.inject(path);
  expect(before.json()).toEqual({ keys: [{ kty: "OKP", kid: "k1", alg: "ES256" }] });
  engine.keys = [{ kty: "OKP", kid: "k2" }];
  const after = await app.inject({ url: path, headers: { "if-none-match": String(before.headers.etag) } });
  expect(after.statusCode).toBe(200);
  expect(after.json()).toEqual({ keys: [{ kty: "OKP", kid: "k2" }] });
  expect(after.headers.etag).not.toBe(before.headers.etag);
});

describe.each(DOCUMENTS)("%s", (url) => {
  test("may be cached and read by any page", async () => {
    const { app } = testGateway();
    const { headers } = await app.inject({ url, headers: { origin: "https://page.example" } });
    expect(headers["cache-control"]).toBe("public, max-age=3600");
    expect(headers["access-control-allow-origin"]).toBe("*");
    expect(headers["access-control-allow-credentials"]).toBeUndefined();
    expect(headers.etag).toMatch(/^"[\w-]{43}"$/);
    expect(headers.pragma).toBeUndefined();
  });

  test("is not sent again to who has it", async () => {
    const { app } = testGateway();
    const etag = String((await app.inject(url)).headers.etag);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const response = await app.inject({ url, headers: { "if-none-match": known } });
      expect(response.statusCode).toBe(304);
      expect(response.body).toBe("");
      expect(response.headers).toMatchObject({
        etag,
        "cache-control": "public, max-age=3600",
        "access-control-allow-origin": "*",
      });
    }
    for (const other of ['"other"', etag.slice(1, -1), ""]) {
      expect((await app.inject({ url, headers: { "if-none-match": other } })).statusCode).toBe(200);
    }
  });

  test("answers HEAD like GET, without the body", async () => {
    const { app } = testGateway();
    const { headers: got } = await app.inject(url);
    const { statusCode, headers, body } = await app.inject({ method: "HEAD", url });
    expect(statusCode).toBe(200);
    expect(body).toBe("");
    const own = { date: "", "x-request-id": "" };
    expect({ ...headers, ...own }).toEqual({ ...got, ...own });
  });

  test("answers a preflight", async () => {
    const { app } = testGateway();
    const { statusCode, headers, body } = await app.inject({ method: "OPTIONS", url });
    expect(statusCode).toBe(204);
    expect(body).toBe("");
    expect(headers).toMatchObject({
      allow: "GET, HEAD, OPTIONS",
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET, HEAD",
    });
  });

  test.each(["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"] as const)("does not take %s", async (method) => {
    const { app } = testGateway();
    const response = await app.inject({ method, url });
    expect(response.statusCode).toBe(405);
    expect(response.headers.allow).toBe("GET, HEAD, OPTIONS");
    expect(response.json().error).toBe("invalid_request");
    expect(response.headers["cache-control"]).toBe("no-store");
  });
});

test("a HEAD leaves the connection in step", async () => {
  const { app } = testGateway();
  const port = await listen(app);
  const url = "/.well-known/openid-configuration/jwks";
  const head = `HEAD ${url} HTTP/1.1\r\nhost: x\r\n\r\n`;
  const get = `GET ${url} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`;
  const answers = (await sendRaw(port, head + get)).split(/(?=HTTP\/1\.1 200 OK)/);
  expect(answers.map((answer) => answer.split("\r\n\r\n")[1])).toEqual([
    "",
    '{"keys":[{"kty":"OKP","kid":"k1","alg":"ES256"}]}',
  ]);
  await app.close();
});

test("the default tenant's metadata names only what there is", async () => {
  const { app, engine } = testGateway();
  const known = engine.forTenant("default");
  if (known === undefined) throw new Error("there is no default tenant");
  engine.forTenant = () => ({ ...known, tenant: { ...known.tenant, resources: new Map(), clients: new Map() } });
  expect((await app.inject("/.well-known/openid-configuration")).json()).not.toHaveProperty("scopes_supported");
});
