import { readFileSync } from "node:fs";
import { importJWK } from "jose";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { developmentConfig } from "../src/config/development.ts";
import { grants } from "../src/grants/index.ts";
import { asserted, assertionKey } from "./support/assertions.ts";
import { startAuthority, type TestAuthority } from "./support/authority.ts";
import { type Door, type Form, gatewayDoor, rpcDoor } from "./support/doors.ts";
import { startTestService, type TestService } from "./support/service.ts";

const insecure = { [oauth.allowInsecureRequests]: true };
const client = { client_id: "arbitrary-resource-owner-client" };
const DEVELOPMENT_KEY = {
  ...{ kty: "EC", crv: "P-256", d: "947hkrNI3VZH-jGqVaBRPw4UmA83rx7GAMb312-3y6w" },
  ...{ x: "ddtKO9thsWiqXRJof8U4687e1COC0Pxv0APSgyQuQ5o", y: "VDl98lQjGEPZoXquH_jtRfq3A-GVCWE2CyxZ5Km-o5w" },
};
const elsewhere = await assertionKey("RS256");
const WORKLOAD = "spiffe://mesh.example/both";

let authority: TestAuthority;
let service: TestService;
let rpc: ReturnType<typeof rpcDoor>;
const doors: { gateway?: Door; rpc?: Door } = {};
let key: oauth.CryptoKey;

beforeAll(async () => {
  authority = await startAuthority();
  authority.keys.splice(0, 1, elsewhere.publicJwk as never);
  const development = developmentConfig(grants.map(({ grantType }) => grantType));
  const tenant = development.tenants.default;
  const remote = { jwksUri: `${authority.issuer}/keys`, legacyAudience: true, grants: ["client_credentials"] };
  const mesh = {
    trustDomain: "mesh.example",
    jwks: { keys: [{ ...elsewhere.publicJwk, kid: "mesh", use: "jwt-svid" }] },
  };
  const both = { grants: ["client_credentials"], workload: [{ issuer: "mesh", subject: WORKLOAD }] };
  const clients = { ...tenant?.clients, remote, first: both, second: both };
  const workloadIssuers = { ...tenant?.workloadIssuers, mesh };
  service = await startTestService(
    {},
    { ...development, tenants: { default: { ...tenant, workloadIssuers, clients } } },
  );
  rpc = rpcDoor(service.rpcPort);
  doors.gateway = gatewayDoor(service.publicUrl);
  doors.rpc = rpc;
  key = (await importJWK(DEVELOPMENT_KEY, "ES256")) as oauth.CryptoKey;
});
afterAll(async () => {
  rpc.close();
  await service.close();
  await authority.stop();
});

describe("oauth4webapi", () => {
  it("uses private_key_jwt at every endpoint, as the metadata says that it can", async () => {
    const url = new URL(service.publicUrl);
    const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure));
    for (const endpoint of ["token", "introspection", "revocation"] as const) {
      expect(server[`${endpoint}_endpoint_auth_methods_supported`]).toContain("private_key_jwt");
      expect(server[`${endpoint}_endpoint_auth_signing_alg_values_supported`]).toContain("ES256");
    }
    const proof = oauth.PrivateKeyJwt(key);
    const answer = await oauth.clientCredentialsGrantRequest(server, client, proof, { scope: "nitro" }, insecure);
    const { access_token: token } = await oauth.processClientCredentialsResponse(server, client, answer);
    const introspect = async () => {
      const introspected = await oauth.introspectionRequest(server, client, proof, token, insecure);
      return (await oauth.processIntrospectionResponse(server, client, introspected)).active;
    };
    expect(await introspect()).toBe(true);
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, proof, token, insecure));
    expect(await introspect()).toBe(false);
  });
});

describe("openid-client", () => {
  it("uses private_key_jwt", async () => {
    const configuration = await openid.discovery(
      new URL(service.publicUrl),
      client.client_id,
      undefined,
      openid.PrivateKeyJwt(key),
      { execute: [openid.allowInsecureRequests] },
    );
    const tokens = await openid.clientCredentialsGrant(configuration, { scope: "nitro" });
    expect(tokens).toMatchObject({ token_type: "bearer", scope: "nitro" });
    const introspected = await openid.tokenIntrospection(configuration, tokens.access_token);
    expect(introspected).toMatchObject({ active: true, sub: client.client_id });
  });
});

describe.each(["gateway", "rpc"] as const)("through the %s", (name) => {
  const mint = async (form: Form) => (await doors[name]?.mint({ grant_type: "client_credentials", ...form })) ?? {};
  const formOf = (assertion: string, type?: string): Form => {
    const { clientAssertion = "", clientAssertionType = "" } = asserted(assertion, type);
    return { client_assertion: clientAssertion, client_assertion_type: clientAssertionType };
  };
  let serial = 0;
  const claims = (changes = {}) => {
    serial += 1;
    const exp = Math.floor(Date.now() / 1000) + 60;
    return { iss: "remote", sub: "remote", aud: service.publicUrl, jti: `${name}-${serial}`, exp, ...changes };
  };

  it("a client's keys are fetched, and its assertion is taken once", async () => {
    const form = formOf(await elsewhere.sign(claims({ aud: service.publicUrl })));
    expect(await mint(form)).toMatchObject({ tokenType: "Bearer" });
    expect((await mint(form)).error).toEqual({
      code: "invalid_client",
      description: "The client is unknown, or its client_assertion is missing or wrong.",
    });
  });

  it("a client of before writes the token endpoint as the audience", async () => {
    const form = formOf(await elsewhere.sign(claims({ aud: `${service.publicUrl}/connect/token` })));
    expect(await mint(form)).toMatchObject({ tokenType: "Bearer" });
  });

  it("a workload that is several clients says which", async () => {
    const claims = { sub: WORKLOAD, aud: service.publicUrl, exp: Math.floor(Date.now() / 1000) + 60 };
    const form = formOf(await elsewhere.sign(claims, { kid: "mesh" }), "jwt-spiffe");
    expect(await mint({ ...form, client_id: "second" })).toMatchObject({ tokenType: "Bearer" });
    expect((await mint({ ...form, client_id: "remote" })).error).toMatchObject({ code: "invalid_client" });
    expect((await mint(form)).error).toMatchObject({ code: "invalid_client" });
  });

  it.each<[string, () => Form, string]>([
    ["rubbish", () => formOf("rubbish"), "invalid_client"],
    ["an unknown type", () => formOf("rubbish", "saml2-bearer"), "invalid_client"],
    ["a type alone", () => ({ ...formOf("x"), client_assertion: "" }), "invalid_request"],
    ["a secret too", () => ({ ...formOf("x"), ...client, client_secret: "secret" }), "invalid_request"],
  ])("%s is refused as through the other", async (_, form, code) => {
    const refusals = await Promise.all(Object.values(doors).map((door) => door.mint({ grant_type: "x", ...form() })));
    expect(refusals[0]?.error).toMatchObject({ code, description: expect.stringMatching(/\S/) });
    expect(refusals[1]).toEqual(refusals[0]);
  });
});

it("the gateway takes no assertion from the header, which RPCs have it in", async () => {
  const { clientAssertionType = "" } = asserted("");
  const headers = { "client-assertion": "rubbish", "client-assertion-type": clientAssertionType };
  const body = new URLSearchParams({ grant_type: "client_credentials", ...client, client_secret: "secret" });
  const answer = await fetch(`${service.publicUrl}/connect/token`, { method: "POST", body, headers });
  expect(answer.status).toBe(200);
});

it("the documentation has the development client's private key", () => {
  expect(readFileSync("docs/client-authentication.md", "utf8")).toContain(DEVELOPMENT_KEY.d);
});
