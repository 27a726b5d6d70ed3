import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { generateKeyPair } from "jose";
import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TokenService } from "../gen/mintmark/v1/token_service_pb.ts";
import { claimsOf } from "./support/decode.ts";
import { basic } from "./support/doors.ts";
import { type DpopKey, dpopKey } from "./support/dpop.ts";
import { keyText } from "./support/key-encryption-key.ts";
import { startTestService, type TestService } from "./support/service.ts";

const insecure = { [oauth.allowInsecureRequests]: true };
const client: oauth.Client = { client_id: "app" };

const config = {
  tenants: {
    default: {
      clients: {
        app: {
          requireSecret: false,
          allowPublicMint: true,
          requireRefreshSecret: false,
          grants: ["arbitrary_identity"],
          scopes: "*",
          allowOfflineAccess: true,
          dpop: "required",
          dpopNonce: true,
        },
      },
    },
  },
};

let folder: string;
let service: TestService;
let key: DpopKey;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-dpop-"));
  writeFileSync(join(folder, "mintmark.yaml"), JSON.stringify(config));
  key = await dpopKey();
  service = await startTestService({
    MINTMARK_CONFIG: join(folder, "mintmark.yaml"),
    MINTMARK_KEY_ENCRYPTION_KEY: keyText(1),
  });
});
afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true });
});

/** Repeats a request with the nonce that it is told. */
async function withNonce<T>(request: () => Promise<Response>, read: (answer: Response) => Promise<T>): Promise<T> {
  try {
    return await read(await request());
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return read(await request());
  }
}

/** Mints over the gateway's port or the gRPC port, with a proof for the RPC at the public URL. */
function rpc(over: "Connect" | "gRPC") {
  const transport =
    over === "Connect"
      ? createConnectTransport({ baseUrl: service.publicUrl, httpVersion: "1.1" })
      : createGrpcTransport({ baseUrl: `http://127.0.0.1:${service.rpcPort}` });
  const tokens = createClient(TokenService, transport);
  return async (nonce: string | undefined) => {
    const url = `${service.publicUrl}/mintmark.v1.TokenService/Mint`;
    const dpop = await key.prove({ method: "POST", url, iat: Math.floor(Date.now() / 1000) }, { nonce });
    let next: string | null = null;
    const answer = await tokens.mint(
      { grantType: "arbitrary_identity", subject: "alice", scopes: ["a"] },
      { headers: { authorization: basic("app", ""), dpop }, onHeader: (header) => (next = header.get("dpop-nonce")) },
    );
    return { answer, next };
  };
}

describe("a standard client with a key", () => {
  it("is told the nonce, mints and refreshes", async () => {
    const issuer = new URL(service.publicUrl);
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure }),
    );
    expect(server.dpop_signing_alg_values_supported).toContain("ES256");
    const DPoP = oauth.DPoP(client, await generateKeyPair("ES256"));
    const options = { DPoP, ...insecure };
    const members = { subject: "alice", scope: "a offline_access" };
    const tokens = await withNonce(
      () => oauth.genericTokenEndpointRequest(server, client, oauth.None(), "arbitrary_identity", members, options),
      (answer) => oauth.processGenericTokenEndpointResponse(server, client, answer),
    );
    expect(tokens.token_type).toBe("dpop");
    const cnf = { jkt: await DPoP.calculateThumbprint() };
    expect(claimsOf(tokens.access_token)).toMatchObject({ cnf });
    const refreshed = await oauth.refreshTokenGrantRequest(
      server,
      client,
      oauth.None(),
      tokens.refresh_token ?? "",
      options,
    );
    const next = await oauth.processRefreshTokenResponse(server, client, refreshed);
    expect(claimsOf(next.access_token)).toMatchObject({ cnf });
  });
});

describe.each(["Connect", "gRPC"] as const)("a client with a key over %s", (over) => {
  it("is told the nonce, and mints", async () => {
    const mint = rpc(over);
    const refusal = await mint(undefined).catch((error: unknown) => ConnectError.from(error));
    if (!(refusal instanceof ConnectError)) throw new Error("not refused");
    expect(refusal.code).toBe(Code.FailedPrecondition);
    const nonce = refusal.metadata.get("dpop-nonce") ?? "";
    const { answer, next } = await mint(nonce);
    expect(answer.tokenType).toBe("DPoP");
    expect(claimsOf(answer.accessToken)).toMatchObject({ cnf: { jkt: key.jkt } });
    expect(next).toMatch(/^\d+\./);
  });
});

it("whoever says another host has no proof for it", async () => {
  const host = new URL(service.publicUrl).host;
  const iat = Math.floor(Date.now() / 1000);
  const dpop = await key.prove({ method: "POST", url: `http://evil.example/connect/token`, iat });
  const answer = await fetch(`http://${host}/connect/token`, {
    method: "POST",
    headers: { dpop, "x-forwarded-host": "evil.example", host: "evil.example" },
    body: new URLSearchParams({ client_id: "app", grant_type: "arbitrary_identity", subject: "alice", scope: "a" }),
  });
  expect(await answer.json()).toEqual({
    error: "invalid_dpop_proof",
    error_description: `DPoP is not a valid proof: its htu must be ${service.publicUrl}/connect/token.`,
  });
});
