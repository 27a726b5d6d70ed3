import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { developmentConfig } from "../src/config/development.ts";
import { grants } from "../src/grants/index.ts";
import { claimsOf } from "./support/decode.ts";
import { basic, type Door, gatewayDoor, rpcDoor } from "./support/doors.ts";
import { startTestService, type TestService } from "./support/service.ts";

const insecure = { [oauth.allowInsecureRequests]: true };
const secret = { client_secret: "secret" };

let service: TestService;
let server: oauth.AuthorizationServer;
let rpc: ReturnType<typeof rpcDoor>;
const doors: { gateway?: Door; rpc?: Door } = {};

beforeAll(async () => {
  const development = developmentConfig(grants.map(({ grantType }) => grantType)).tenants.default;
  const client = development?.clients?.["arbitrary-resource-owner-client"];
  const clients = {
    old: { ...client, introspection: "tenant" as const },
    new: { ...client, accessTokenProfile: "rfc9068" as const },
  };
  const tenant = { ...development, signing: { algorithm: "ES256" as const }, clients };
  service = await startTestService({}, { tenants: { default: tenant } });
  rpc = rpcDoor(service.rpcPort);
  doors.gateway = gatewayDoor(service.publicUrl);
  doors.rpc = rpc;
  const url = new URL(service.publicUrl);
  server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure));
});
afterAll(async () => {
  rpc.close();
  await service.close();
});

const alice = { grant_type: "arbitrary_identity", subject: "alice", scope: "nitro offline_access" };

/** What a resource server does with a request that bears a token, by a library that knows RFC 9068 alone. */
const validate = (accessToken = "") => {
  const headers = { authorization: `Bearer ${accessToken}` };
  return oauth.validateJwtAccessToken(server, new Request("https://api.example", { headers }), "nitro", insecure);
};

describe("a signed introspection, with oauth4webapi", () => {
  it("is what a resource server may keep as a proof", async () => {
    const { accessToken = "" } = (await doors.gateway?.mint({ client_id: "new", ...secret, ...alice })) ?? {};
    const ask = async () => {
      const options = { ...insecure, requestJwtResponse: true };
      const proof = oauth.ClientSecretBasic(secret.client_secret);
      return oauth.introspectionRequest(server, { client_id: "old" }, proof, accessToken, options);
    };
    const response = await ask();
    const told = { active: true, sub: "alice", client_id: "new", scope: "nitro offline_access" };
    const resourceServer = { client_id: "old", introspection_signed_response_alg: "ES256" };
    expect(await oauth.processIntrospectionResponse(server, resourceServer, response)).toMatchObject(told);
    await oauth.validateApplicationLevelSignature(server, response, insecure);
    const other = { ...resourceServer, client_id: "new" };
    await expect(oauth.processIntrospectionResponse(server, other, await ask())).rejects.toThrow();
  });

  it("comes through the RPC too, and is no access token", async () => {
    const { accessToken = "" } = (await doors.gateway?.mint({ client_id: "new", ...secret, ...alice })) ?? {};
    const response = await fetch(`${service.publicUrl}/mintmark.v1.TokenService/Introspect`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: basic("new", secret.client_secret) },
      body: JSON.stringify({ token: accessToken, signed: true }),
    });
    const { active, jwt, claims } = (await response.json()) as { active: boolean; jwt: string; claims: object };
    expect(active).toBe(true);
    expect(claimsOf(jwt)).toMatchObject({ aud: "new", token_introspection: claims });
    await expect(validate(jwt)).rejects.toThrow();
  });
});

describe.each(["gateway", "rpc"] as const)("through the %s, oauth4webapi", (name) => {
  const mint = async (client: string, form: Record<string, string>) =>
    (await doors[name]?.mint({ client_id: client, ...secret, ...form })) ?? {};
  const refresh = async (client: string, token = "") =>
    (await doors[name]?.refresh({ client_id: client, ...secret, refresh_token: token })) ?? {};
  it("accepts an access token of the profile rfc9068, minted and refreshed", async () => {
    const minted = await mint("new", alice);
    const refreshed = await refresh("new", minted.refreshToken);
    for (const { accessToken } of [minted, refreshed]) {
      expect(await validate(accessToken)).toMatchObject({
        ...{ sub: "alice", client_id: "new", scope: "nitro offline_access" },
      });
      const { active, claims } =
        (await doors[name]?.introspect({ client_id: "new", ...secret, token: accessToken ?? "" })) ?? {};
      expect([active, claims]).toEqual([
        true,
        expect.objectContaining({ sub: "alice", scope: "nitro offline_access" }),
      ]);
    }
  });

  it("accepts one without a subject, which is the client's own", async () => {
    const { accessToken } = await mint("new", {
      grant_type: "arbitrary_no_subject",
      arbitrary_claims: "{}",
      scope: "nitro",
    });
    expect(await validate(accessToken)).toMatchObject({ sub: "new", client_id: "new", scope: "nitro" });
  });

  it("accepts none of the profile legacy, and no id_token", async () => {
    const { accessToken } = await mint("old", alice);
    const { idToken } = await mint("new", { ...alice, arbitrary_audiences: '["nitro"]' });
    for (const token of [accessToken, idToken]) await expect(validate(token)).rejects.toThrow();
  });
});
