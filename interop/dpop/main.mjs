// dpop makes the proofs, and oauth4webapi is the resource server that checks them. Prints a line for each thing that is proven.
import assert from "node:assert/strict";
import { calculateThumbprint, generateKeyPair, generateProof } from "dpop";
import * as oauth from "oauth4webapi";

const { INTEROP_ISSUER: issuer, INTEROP_SECRET: secret } = process.env;
const options = { [oauth.allowInsecureRequests]: true };
const found = await oauth.discoveryRequest(new URL(issuer), { algorithm: "oauth2", ...options });
const server = await oauth.processDiscoveryResponse(new URL(issuer), found);
const url = server.token_endpoint;

/** Asks for a token with some proofs. */
async function ask(form, proofs, authorization) {
  const headers = new Headers(proofs.map((proof) => ["dpop", proof]));
  if (authorization !== undefined) headers.set("authorization", authorization);
  const response = await fetch(url, { method: "POST", headers, body: new URLSearchParams(form) });
  return { nonce: response.headers.get("dpop-nonce"), ...(await response.json()) };
}

const sensor = `Basic ${btoa(`sensor:${secret}`)}`;
const own = { grant_type: "client_credentials" };
for (const algorithm of ["ES256", "Ed25519", "RS256", "PS256"]) {
  assert(server.dpop_signing_alg_values_supported.includes(algorithm));
  const pair = await generateKeyPair(algorithm);
  const { error, nonce } = await ask(own, [await generateProof(pair, url, "POST")], sensor);
  assert.equal(error, "use_dpop_nonce");
  const proof = await generateProof(pair, url, "POST", nonce);
  const { access_token: token, token_type: type } = await ask(own, [proof], sensor);
  assert.equal(type, "DPoP");
  const { cnf } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  assert.equal(cnf.jkt, await calculateThumbprint(pair.publicKey));
  assert.equal((await ask(own, [proof], sensor)).error, "invalid_dpop_proof");
}
console.log("proofs of ES256, Ed25519, RS256, PS256");
console.log("a proof counts once");

const [pair, thief] = [await generateKeyPair("ES256"), await generateKeyPair("ES256")];
const phone = { client_id: "phone", grant_type: "arbitrary_identity", subject: "alice", arbitrary_claims: "{}" };
const prove = (by = pair) => generateProof(by, url, "POST");
assert.equal((await ask({ ...phone, scope: "orders.read" }, [])).error, "invalid_dpop_proof");
const minted = await ask({ ...phone, scope: "orders.read offline_access" }, [await prove()]);

const request = async (by, proven = minted.access_token) => {
  const at = "https://orders.example/orders";
  const dpop = await generateProof(by, at, "GET", undefined, proven);
  return new Request(at, { headers: { authorization: `DPoP ${minted.access_token}`, dpop } });
};
const accept = async (by, proven) =>
  oauth.validateJwtAccessToken(server, await request(by, proven), "orders", { ...options, requireDPoP: true });
assert.equal((await accept(pair)).sub, "alice");
await assert.rejects(accept(thief));
await assert.rejects(accept(pair, "another token"));
console.log("a resource server that checks proofs");

const refresh = (refreshToken, proofs) =>
  ask({ client_id: "phone", grant_type: "refresh_token", refresh_token: refreshToken }, proofs);
assert.equal((await refresh(minted.refresh_token, [])).error, "invalid_dpop_proof");
assert.equal((await refresh(minted.refresh_token, [await prove(thief)])).error, "invalid_grant");
const first = await refresh(minted.refresh_token, [await prove()]);
const retried = await refresh(minted.refresh_token, [await prove()]);
assert.equal(retried.refresh_token, first.refresh_token);
console.log("refresh tokens of a public client, a retry with a new proof");
