import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import { claimsOf } from "../support/decode.ts";
import { basic, type Form } from "../support/doors.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { startTestService, type TestService } from "../support/service.ts";

const path = (name: string) => join(import.meta.dirname, "../support/tls", `${name}.pem`);
const pem = (name: string) => readFileSync(path(name));
const thumbprintOf = (name: string) =>
  Buffer.from(new X509Certificate(pem(name)).fingerprint256.replaceAll(":", ""), "hex").toString("base64url");

/** A certificate of the authority that the service trusts, and one that its owner signed itself. */
const trusted = { cert: pem("client-cert"), key: pem("client-key") };
const own = { cert: pem("other-cert"), key: pem("other-key") };
const none = {};
type Certificate = typeof trusted | typeof none;

const common = { grants: ["arbitrary_identity"], scopes: "*", allowOfflineAccess: true };
const clients = {
  named: {
    ...common,
    tlsClientAuth: { type: "sanUri", value: "spiffe://example.org/ns/pay/sa/billing" },
    certificateBoundTokens: true,
  },
  registered: { ...common, tlsCertificates: [thumbprintOf("other-cert")], certificateBoundTokens: true },
  other: { ...common, tlsClientAuth: { type: "sanDns", value: "another.example" } },
};

let folder: string;
let service: TestService;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-mtls-"));
  const clientCertificates = {
    http: { ca: path("client-ca") },
    rpc: { ca: path("client-ca") },
    operator: { ca: path("client-ca"), required: true },
  };
  const tls = { certificate: path("cert"), key: path("key"), clientCertificates };
  const config = { tls, mtlsUrl: "https://mtls.mint.example", tenants: { default: { clients } } };
  writeFileSync(join(folder, "mintmark.yaml"), JSON.stringify(config));
  service = await startTestService({
    MINTMARK_CONFIG: join(folder, "mintmark.yaml"),
    MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
    MINTMARK_OPERATOR_ADDRESS: "127.0.0.1:0",
  });
});
afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true });
});

const ALICE = { grant_type: "arbitrary_identity", subject: "alice", scope: "a offline_access" };
const at = (port: number) => ({ host: "127.0.0.1", servername: "localhost", port, ca: pem("cert") });

/** Posts a form over HTTP/1.1, on a connection of its own. */
async function post(form: Form, certificate: Certificate, headers: Record<string, string> = {}) {
  const sent = request({
    ...at(service.httpPort),
    ...certificate,
    agent: false,
    method: "POST",
    path: "/connect/token",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
  });
  sent.end(`${new URLSearchParams(form)}`);
  const [answer] = await once(sent, "response");
  return JSON.parse(await text(answer));
}

/** The same over HTTP/2. */
async function postHttp2(form: Form, certificate: Certificate) {
  const session = connectHttp2(`https://localhost:${service.httpPort}`, { ca: pem("cert"), ...certificate });
  const stream = session.request({
    ":method": "POST",
    ":path": "/connect/token",
    "content-type": "application/x-www-form-urlencoded",
  });
  stream.end(`${new URLSearchParams(form)}`);
  const answer = JSON.parse(await text(stream));
  session.close();
  return answer;
}

/** Mints by gRPC. */
async function mint(clientId: string, certificate: Certificate) {
  const nodeOptions = { ca: pem("cert"), ...certificate };
  const transport = createGrpcTransport({ baseUrl: `https://localhost:${service.rpcPort}`, nodeOptions });
  return createClient(TokenService, transport).mint(
    { grantType: "arbitrary_identity", subject: "alice", scopes: ["a"] },
    { headers: { authorization: basic(clientId, "") } },
  );
}

describe("a client with a certificate", () => {
  it.each([
    ["a trusted authority, by its name", "named", trusted, "client-cert"],
    ["its own, by its thumbprint", "registered", own, "other-cert"],
  ])("of %s proves who it is, and its tokens are bound to it", async (_, client_id, certificate, name) => {
    const cnf = { "x5t#S256": thumbprintOf(name) };
    for (const send of [post, postHttp2]) {
      const answer = await send({ ...ALICE, client_id }, certificate);
      expect(answer.token_type).toBe("Bearer");
      expect(claimsOf(answer.access_token)).toMatchObject({ client_id, sub: "alice", cnf });
    }
    expect(claimsOf((await mint(client_id, certificate)).accessToken)).toMatchObject({ client_id, cnf });
  });

  it.each([
    ["none", "named", none],
    ["one that no trusted authority has issued", "named", own],
    ["one of another name", "other", trusted],
    ["one that is not registered", "registered", trusted],
  ])("that needs one and has %s is refused", async (_, client_id, certificate) => {
    for (const send of [post, postHttp2]) {
      expect(await send({ ...ALICE, client_id }, certificate)).toMatchObject({ error: "invalid_client" });
    }
    await expect(mint(client_id, certificate)).rejects.toThrow(/is missing or wrong/);
  });

  it("needs it to refresh, too", async () => {
    const { refresh_token } = await post({ ...ALICE, client_id: "named" }, trusted);
    const form = { grant_type: "refresh_token", client_id: "named", refresh_token };
    expect(await post(form, none)).toMatchObject({ error: "invalid_client" });
    const next = await post(form, trusted);
    expect(claimsOf(next.access_token)).toMatchObject({ cnf: { "x5t#S256": thumbprintOf("client-cert") } });
  });

  it("cannot have it in a header, unless a trusted proxy says so", async () => {
    const field = `:${new X509Certificate(pem("client-cert")).raw.toString("base64")}:`;
    const answer = await post({ ...ALICE, client_id: "named" }, none, { "client-cert": field });
    expect(answer).toMatchObject({ error: "invalid_client" });
  });

  it("is told where and how by the metadata", async () => {
    const sent = request({ ...at(service.httpPort), agent: false, path: "/.well-known/oauth-authorization-server" });
    sent.end();
    const [answer] = await once(sent, "response");
    expect(JSON.parse(await text(answer))).toMatchObject({
      token_endpoint_auth_methods_supported: ["tls_client_auth", "self_signed_tls_client_auth"],
      tls_client_certificate_bound_access_tokens: true,
      mtls_endpoint_aliases: { token_endpoint: "https://mtls.mint.example/connect/token" },
    });
  });
});

describe("a port that requires certificates", () => {
  const shake = async (certificate: Certificate) => {
    const sent = request({ ...at(service.operatorPort ?? 0), ...certificate, agent: false, path: "/" });
    sent.end();
    const [answer] = await once(sent, "response");
    answer.resume();
    return answer.statusCode;
  };

  it("takes connections with one of a trusted authority, and no others", async () => {
    expect(await shake(trusted)).toBe(404);
    await expect(shake(none)).rejects.toThrow();
    await expect(shake(own)).rejects.toThrow();
  });
});
