// openid-client, as a service uses it that has found mintmark by its issuer. Prints a line for each thing that is proven.
import assert from "node:assert/strict";
import * as client from "openid-client";

const { INTEROP_ISSUER: issuer, INTEROP_SECRET: secret } = process.env;

const discover = (clientId, algorithm = "oidc", url = issuer) =>
  client.discovery(new URL(url), clientId, undefined, client.ClientSecretBasic(secret), {
    algorithm,
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  });

for (const algorithm of ["oidc", "oauth2"]) {
  const { issuer: found } = (await discover("web", algorithm, `${issuer}/es256`)).serverMetadata();
  assert.equal(found, `${issuer}/es256`);
}
const [billing, web, orders] = await Promise.all(["billing", "web", "orders"].map((id) => discover(id)));
console.log("discovery");

const own = await client.clientCredentialsGrant(billing, { scope: "orders.read" });
assert.equal(own.scope, "orders.read");
console.log("client_credentials");

const minted = await client.genericGrantRequest(web, "arbitrary_identity", {
  subject: "alice",
  arbitrary_claims: "{}",
  scope: "openid offline_access orders.read",
});
assert.equal(minted.claims().sub, "alice");
console.log("id_token");

const refreshed = await client.refreshTokenGrant(web, minted.refresh_token, { scope: "orders.read offline_access" });
assert.notEqual(refreshed.refresh_token, minted.refresh_token);
console.log("refresh");

const active = await client.tokenIntrospection(orders, refreshed.access_token);
assert.partialDeepStrictEqual(active, { active: true, sub: "alice", client_id: "web" });
console.log("introspection");

await client.tokenRevocation(web, refreshed.refresh_token);
assert.deepEqual(await client.tokenIntrospection(orders, refreshed.access_token), { active: false });
console.log("revocation");

await assert.rejects(client.refreshTokenGrant(web, refreshed.refresh_token), { error: "invalid_grant" });
console.log("refusals");
