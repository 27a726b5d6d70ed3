// openid-client, as a service uses it that has found mintmark by its issuer. Prints a line for each thing that is proven.
import assert from "node:assert/strict";
import * as client from "openid-client";

const { INTEROP_ISSUER: issuer, INTEROP_SECRET: secret } = process.env;

const bySecret = client.ClientSecretBasic(secret);
const discover = (clientId, { algorithm = "oidc", url = issuer, metadata, proof = bySecret } = {}) =>
  client.discovery(new URL(url), clientId, metadata, proof, {
    algorithm,
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  });

for (const algorithm of ["oidc", "oauth2"]) {
  const { issuer: found } = (await discover("web", { algorithm, url: `${issuer}/es256` })).serverMetadata();
  assert.equal(found, `${issuer}/es256`);
}
const [billing, web, orders, gateway] = await Promise.all(
  ["billing", "web", "orders", "gateway"].map((id) => discover(id)),
);
console.log("discovery");

const own = await client.clientCredentialsGrant(billing, { scope: "orders.read" });
assert.equal(own.scope, "orders.read");
console.log("client_credentials");

const jwk = JSON.parse(process.env.INTEROP_JWK);
const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
const signer = await discover("signer", { proof: client.PrivateKeyJwt({ key, kid: jwk.kid }) });
const { access_token: signed } = await client.clientCredentialsGrant(signer);
assert.equal((await client.tokenIntrospection(signer, signed)).sub, "signer");
await client.tokenRevocation(signer, signed);
console.log("private_key_jwt");

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

const signing = await discover("orders", { metadata: { introspection_signed_response_alg: "RS256" } });
assert.deepEqual(await client.tokenIntrospection(signing, refreshed.access_token), active);
console.log("signed introspection (RFC 9701)");

const sensor = await discover("sensor");
const pair = await client.randomDPoPKeyPair("ES256");
const DPoP = client.getDPoPHandle(sensor, pair);
const mine = await client.genericGrantRequest(
  sensor,
  "arbitrary_identity",
  { subject: "alice", arbitrary_claims: "{}", scope: "orders.read offline_access" },
  { DPoP },
);
const jkt = await DPoP.calculateThumbprint();
assert.partialDeepStrictEqual(await client.tokenIntrospection(sensor, mine.access_token), { cnf: { jkt } });
const renewed = await client.refreshTokenGrant(sensor, mine.refresh_token, {}, { DPoP });
assert.equal(renewed.token_type, "dpop");
await assert.rejects(client.refreshTokenGrant(sensor, renewed.refresh_token), { error: "invalid_dpop_proof" });
console.log("DPoP with a nonce, at a refresh too (RFC 9449)");

const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const { access_token: actor } = await client.clientCredentialsGrant(gateway);
const exchanged = await client.genericGrantRequest(gateway, "urn:ietf:params:oauth:grant-type:token-exchange", {
  subject_token: refreshed.access_token,
  subject_token_type: ACCESS_TOKEN,
  actor_token: actor,
  actor_token_type: ACCESS_TOKEN,
  audience: "shipping",
});
assert.equal(exchanged.issued_token_type, ACCESS_TOKEN);
assert.partialDeepStrictEqual(await client.tokenIntrospection(gateway, exchanged.access_token), {
  sub: "alice",
  aud: ["shipping"],
  act: { sub: "gateway" },
});
console.log("token exchange (RFC 8693)");

await client.tokenRevocation(web, refreshed.refresh_token);
assert.deepEqual(await client.tokenIntrospection(orders, refreshed.access_token), { active: false });
assert.deepEqual(await client.tokenIntrospection(gateway, exchanged.access_token), { active: false });
console.log("revocation");

await assert.rejects(client.refreshTokenGrant(web, refreshed.refresh_token), { error: "invalid_grant" });
console.log("refusals");
