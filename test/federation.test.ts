import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { developmentConfig } from "../src/config/development.ts";
import { grants } from "../src/grants/index.ts";
import { claimsOf } from "./support/decode.ts";
import { type Door, type Form, gatewayDoor, rpcDoor } from "./support/doors.ts";
import { startTestService, type TestService } from "./support/service.ts";

/** What the mint that shows id_tokens is called at the one that makes them. */
const RELYING = "relying-mint";
const CLIENT = { client_id: "arbitrary-resource-owner-client", client_secret: "secret" };
const OTHER = { client_id: "a1ce197b-dd13-43a0-8376-7b762304fdd5", client_secret: "DqzEVMBskRO3lz7J6GjZHJ1fENpSQGcE" };

let provider: TestService;
let relying: TestService;
let rpc: ReturnType<typeof rpcDoor>;
const doors: { gateway?: Door; rpc?: Door } = {};

beforeAll(async () => {
  provider = await startTestService();
  const authority = { issuer: provider.publicUrl, audiences: [RELYING] };
  const tenant = {
    ...developmentConfig(grants.map(({ grantType }) => grantType)).tenants.default,
    authorities: {
      mint: { ...authority, subjectPrefix: "mint.", authorizedParties: [CLIENT.client_id] },
      "mint without parties": { ...authority, subjectPrefix: "other." },
    },
  };
  relying = await startTestService({}, { tenants: { default: tenant } });
  rpc = rpcDoor(relying.rpcPort);
  doors.gateway = gatewayDoor(relying.publicUrl);
  doors.rpc = rpc;
});
afterAll(async () => {
  rpc.close();
  await Promise.all([provider.close(), relying.close()]);
});

/** What the provider mints for alice and the relying mint. */
const minted = (client: Form) =>
  gatewayDoor(provider.publicUrl).mint({
    ...client,
    grant_type: "arbitrary_identity",
    subject: "alice",
    scope: "openid",
    arbitrary_audiences: JSON.stringify([RELYING]),
  });

describe.each(["gateway", "rpc"] as const)("a mint that is another's authority, through the %s", (name) => {
  const show = async (idToken = "", authority = "mint") => {
    const form = { ...CLIENT, grant_type: "arbitrary_oidc_resource_owner", arbitrary_claims: "{}" };
    return doors[name]?.mint({ ...form, authority, id_token: idToken });
  };

  it("has its id_token for several audiences taken, if the client that asked for it may ask", async () => {
    const { idToken } = await minted(CLIENT);
    expect(claimsOf(idToken ?? "")).toMatchObject({ aud: [CLIENT.client_id, RELYING], azp: CLIENT.client_id });
    const answer = await show(idToken);
    expect(answer?.error).toBeUndefined();
    expect(claimsOf(answer?.accessToken ?? "")).toMatchObject({ iss: relying.publicUrl, sub: "mint.alice" });
  });

  it("has it refused if another client asked, or nobody but the audience may", async () => {
    const refused = { code: "invalid_grant", description: "The id_token is for another authorized party." };
    expect((await show((await minted(OTHER)).idToken))?.error).toEqual(refused);
    expect((await show((await minted(CLIENT)).idToken, "mint without parties"))?.error).toEqual(refused);
  });

  it("has no access token taken for an id_token, though it is for the same audience", async () => {
    const { accessToken } = await minted(CLIENT);
    expect(claimsOf(accessToken ?? "").aud).toContain(RELYING);
    for (const authority of ["mint", "mint without parties"]) {
      expect((await show(accessToken, authority))?.error).toEqual({
        code: "invalid_grant",
        description: "The id_token has the claim 'client_id', which only access tokens have.",
      });
    }
  });
});

it("oauth4webapi takes an id_token for several audiences", async () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(provider.publicUrl);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
  const client = { client_id: CLIENT.client_id };
  const answer = await oauth.genericTokenEndpointRequest(
    server,
    client,
    oauth.ClientSecretBasic(CLIENT.client_secret),
    "arbitrary_identity",
    { subject: "alice", scope: "openid", arbitrary_audiences: '["cat","dog"]' },
    insecure,
  );
  const tokens = await oauth.processGenericTokenEndpointResponse(server, client, answer);
  expect(oauth.getValidatedIdTokenClaims(tokens)?.aud).toEqual([CLIENT.client_id, "cat", "dog"]);
});
