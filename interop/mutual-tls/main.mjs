// oauth4webapi and openid-client with a certificate (RFC 8705). Prints a line for each thing that is proven.
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { buffer } from "node:stream/consumers";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";

const { INTEROP_MTLS_ISSUER: issuer, INTEROP_TLS: folder } = process.env;
const pem = (name) => readFileSync(`${folder}/${name}.pem`);

/** A fetch that shows a certificate, or none. */
const fetchWith =
  (certificate) =>
  async (url, { method, headers, body }) => {
    const settings = { ca: pem("cert"), servername: "localhost", method, headers, agent: false };
    const sent = request(url, { ...settings, ...certificate });
    sent.end(body === undefined || body === null ? undefined : String(body));
    const [answer] = await once(sent, "response");
    const received = new Headers(Object.entries(answer.headers).flatMap(([name, value]) => [[name, String(value)]]));
    return new Response(await buffer(answer), { status: answer.statusCode, headers: received });
  };
const shown = fetchWith({ cert: pem("client-cert"), key: pem("client-key") });
const strangers = fetchWith({ cert: pem("other-cert"), key: pem("other-key") });
const thumbprint = createHash("sha256")
  .update(new X509Certificate(pem("client-cert")).raw)
  .digest("base64url");
const cnfOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url")).cnf;

const plain = { [oauth.customFetch]: fetchWith({}) };
const found = await oauth.discoveryRequest(new URL(issuer), { algorithm: "oauth2", ...plain });
const server = await oauth.processDiscoveryResponse(new URL(issuer), found);
assert.notEqual(server.mtls_endpoint_aliases.token_endpoint, server.token_endpoint);
assert(server.token_endpoint_auth_methods_supported.includes("tls_client_auth"));
assert(server.tls_client_certificate_bound_access_tokens);
console.log("discovery, mtls_endpoint_aliases");

const ledger = { client_id: "ledger", use_mtls_endpoint_aliases: true };
const ask = async (fetching) =>
  oauth.processClientCredentialsResponse(
    server,
    ledger,
    await oauth.clientCredentialsGrantRequest(
      server,
      ledger,
      oauth.TlsClientAuth(),
      {},
      { [oauth.customFetch]: fetching },
    ),
  );
assert.deepEqual(cnfOf((await ask(shown)).access_token), { "x5t#S256": thumbprint });
for (const fetching of [strangers, fetchWith({})]) await assert.rejects(ask(fetching));
console.log("oauth4webapi: tls_client_auth, tokens bound to the certificate");

const options = { algorithm: "oauth2", [client.customFetch]: shown };
const settings = { use_mtls_endpoint_aliases: true };
const found2 = await client.discovery(new URL(issuer), "ledger", settings, client.TlsClientAuth(), options);
assert.deepEqual(cnfOf((await client.clientCredentialsGrant(found2)).access_token), { "x5t#S256": thumbprint });
console.log("openid-client: tls_client_auth, tokens bound to the certificate");
