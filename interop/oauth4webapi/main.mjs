// Every function of oauth4webapi that a client without users calls. Prints a line for each thing that is proven.
import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";

const { INTEROP_ISSUER: issuer, INTEROP_SECRET: secret } = process.env;
const options = { [oauth.allowInsecureRequests]: true };
const authentication = oauth.ClientSecretBasic(secret);
const [billing, web, orders, gateway] = ["billing", "web", "orders", "gateway"].map((client_id) => ({ client_id }));

const discover = async (url, algorithm) =>
  oauth.processDiscoveryResponse(new URL(url), await oauth.discoveryRequest(new URL(url), { algorithm, ...options }));

for (const algorithm of ["oidc", "oauth2"]) {
  for (const url of [issuer, `${issuer}/es256`]) assert.equal((await discover(url, algorithm)).issuer, url);
}
const server = await discover(issuer, "oauth2");
console.log("discovery");

const asked = await oauth.clientCredentialsGrantRequest(
  server,
  billing,
  authentication,
  { scope: "orders.read" },
  options,
);
const { access_token: token, scope } = await oauth.processClientCredentialsResponse(server, billing, asked);
assert.equal(scope, "orders.read");
const post = oauth.ClientSecretPost(secret);
await oauth.processClientCredentialsResponse(
  server,
  billing,
  await oauth.clientCredentialsGrantRequest(server, billing, post, {}, options),
);
console.log("client_credentials");

const request = (bearer) => new Request(`${issuer}/orders`, { headers: { authorization: `Bearer ${bearer}` } });
const claims = await oauth.validateJwtAccessToken(server, request(token), "orders", options);
assert.equal(claims.sub, "billing");
await assert.rejects(oauth.validateJwtAccessToken(server, request(token), "invoices", options));
console.log("validateJwtAccessToken");

const postQuantum = await discover(`${issuer}/ml-dsa-44`, "oauth2");
const { access_token: large } = await oauth.processClientCredentialsResponse(
  postQuantum,
  billing,
  await oauth.clientCredentialsGrantRequest(postQuantum, billing, authentication, {}, options),
);
await oauth.validateJwtAccessToken(postQuantum, request(large), "orders", {
  ...options,
  signingAlgorithms: ["ML-DSA-44"],
});
console.log("ML-DSA-44 (RFC 9964)");

const jwk = JSON.parse(process.env.INTEROP_JWK);
const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
const signer = { client_id: "signer" };
const proof = oauth.PrivateKeyJwt({ key, kid: jwk.kid });
const proven = await oauth.clientCredentialsGrantRequest(server, signer, proof, {}, options);
await oauth.processClientCredentialsResponse(server, signer, proven);
const stranger = await oauth.generateKeyPair("ES256");
const forged = oauth.PrivateKeyJwt({ key: stranger.privateKey, kid: jwk.kid });
await assert.rejects(
  oauth.processClientCredentialsResponse(
    server,
    signer,
    await oauth.clientCredentialsGrantRequest(server, signer, forged, {}, options),
  ),
  { code: oauth.WWW_AUTHENTICATE_CHALLENGE },
);
console.log("private_key_jwt");

const sensor = { client_id: "sensor" };
const DPoP = oauth.DPoP(sensor, await oauth.generateKeyPair("ES256"));
const forSensor = async () =>
  oauth.processClientCredentialsResponse(
    server,
    sensor,
    await oauth.clientCredentialsGrantRequest(server, sensor, authentication, {}, { ...options, DPoP }),
  );
const withoutNonce = await forSensor().catch((error) => error);
assert(oauth.isDPoPNonceError(withoutNonce));
const bound = await forSensor();
assert.equal(bound.token_type, "dpop");
assert.equal((await introspectBy(sensor, bound.access_token)).cnf.jkt, await DPoP.calculateThumbprint());
console.log("DPoP with a nonce (RFC 9449)");

const invoices = "https://invoices.example.com";
const forResource = await oauth.processClientCredentialsResponse(
  server,
  billing,
  await oauth.clientCredentialsGrantRequest(server, billing, authentication, { resource: invoices }, options),
);
await oauth.validateJwtAccessToken(server, request(forResource.access_token), invoices, options);
await assert.rejects(oauth.validateJwtAccessToken(server, request(forResource.access_token), "orders", options));
console.log("resource (RFC 8707)");

const minted = await oauth.genericTokenEndpointRequest(
  server,
  web,
  authentication,
  "arbitrary_identity",
  { subject: "alice", arbitrary_claims: "{}", scope: "openid offline_access orders.read" },
  options,
);
const tokens = await oauth.processGenericTokenEndpointResponse(server, web, minted);
assert.equal(oauth.getValidatedIdTokenClaims(tokens).sub, "alice");
await oauth.validateApplicationLevelSignature(server, minted, options);
await assert.rejects(oauth.validateJwtAccessToken(server, request(tokens.id_token), "orders", options));
console.log("id_token");

const refreshed = await oauth.refreshTokenGrantRequest(server, web, authentication, tokens.refresh_token, options);
const next = await oauth.processRefreshTokenResponse(server, web, refreshed);
assert.notEqual(next.refresh_token, tokens.refresh_token);
console.log("refresh");

async function introspectBy(by, text) {
  const asked = await oauth.introspectionRequest(server, by, authentication, text, options);
  return oauth.processIntrospectionResponse(server, by, asked);
}
const introspect = (text) => introspectBy(orders, text);
assert.partialDeepStrictEqual(await introspect(next.access_token), { active: true, sub: "alice", client_id: "web" });
console.log("introspection");

const asJwt = await oauth.introspectionRequest(server, orders, authentication, next.access_token, {
  requestJwtResponse: true,
  ...options,
});
const signed = await oauth.processIntrospectionResponse(server, orders, asJwt);
assert.deepEqual(signed, await introspect(next.access_token));
await oauth.validateApplicationLevelSignature(server, asJwt, options);
console.log("signed introspection (RFC 9701)");

const TYPE = "urn:ietf:params:oauth:token-type:";
const exchange = await oauth.genericTokenEndpointRequest(
  server,
  gateway,
  authentication,
  "urn:ietf:params:oauth:grant-type:token-exchange",
  {
    subject_token: next.access_token,
    subject_token_type: `${TYPE}access_token`,
    requested_token_type: `${TYPE}id_token`,
    audience: "shipping",
  },
  options,
);
// An id_token is no access token, and so the answer's token_type is N_A.
const exchanged = await oauth.processGenericTokenEndpointResponse(server, gateway, exchange, {
  recognizedTokenTypes: { n_a() {} },
});
assert.equal(exchanged.issued_token_type, `${TYPE}id_token`);
await assert.rejects(oauth.validateJwtAccessToken(server, request(exchanged.access_token), "shipping", options));
console.log("token exchange (RFC 8693)");

await oauth.processRevocationResponse(
  await oauth.revocationRequest(server, web, authentication, next.refresh_token, options),
);
assert.deepEqual(await introspect(next.access_token), { active: false });
console.log("revocation");

const refused = await oauth.refreshTokenGrantRequest(server, web, authentication, next.refresh_token, options);
await assert.rejects(oauth.processRefreshTokenResponse(server, web, refused), { error: "invalid_grant" });
const unknown = await oauth.clientCredentialsGrantRequest(
  server,
  billing,
  oauth.ClientSecretBasic("wrong"),
  {},
  options,
);
await assert.rejects(oauth.processClientCredentialsResponse(server, billing, unknown), {
  code: oauth.WWW_AUTHENTICATE_CHALLENGE,
});
console.log("refusals");
