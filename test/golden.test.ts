import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../src/token/json.ts";
import { comparable, type Golden, goldens, rawRequest } from "./golden/golden.ts";
import { type Answer, type Door, gatewayDoor, rpcDoor } from "./support/doors.ts";
import { startTestService, type TestService } from "./support/service.ts";

let service: TestService;
let rpc: ReturnType<typeof rpcDoor>;
const doors: { gateway?: Door; rpc?: Door } = {};

beforeAll(async () => {
  service = await startTestService();
  rpc = rpcDoor(service.rpcPort);
  doors.gateway = gatewayDoor(service.publicUrl);
  doors.rpc = rpc;
});
afterAll(async () => {
  rpc.close();
  await service.close();
});

/** The claims of a token, verified as a resource server does it: with the published JWKS. */
async function verified(jwt: string | undefined, tenantUrl: string): Promise<JsonObject> {
  const jwks = createRemoteJWKSet(new URL(`${tenantUrl}/.well-known/openid-configuration/jwks`));
  return (await jwtVerify(jwt ?? "", jwks, { typ: "JWT" })).payload as JsonObject;
}

/** Checks an answer against its golden file. */
async function check(golden: Golden, answer: Answer, clientId?: string): Promise<void> {
  expect(answer.error).toBeUndefined();
  expect(answer).toMatchObject({ tokenType: "Bearer", expiresIn: golden.response.expires_in });
  expect(answer.refreshToken !== undefined).toBe(golden.response.has.includes("refresh_token"));
  expect(answer.idToken !== undefined).toBe(golden.response.has.includes("id_token"));

  const access = await verified(answer.accessToken, service.publicUrl);
  const expected = { ...golden.accessToken.claims, ...(clientId && { client_id: clientId }) };
  const goldenIssuer = String(golden.accessToken.claims.iss);
  expect(comparable(access, golden, service.publicUrl)).toEqual(comparable(expected, golden, goldenIssuer));
  expect(Number(access.exp) - Number(access.nbf)).toBe(golden.response.expires_in);
  expect(access.iss).toBe(golden.request.issuer ?? service.publicUrl);
  expect("auth_time" in access).toBe("auth_time" in golden.accessToken.claims);

  if (golden.idTokenOut === undefined) return;
  const identity = await verified(answer.idToken, service.publicUrl);
  expect(comparable(identity, golden, service.publicUrl)).toEqual(
    comparable(golden.idTokenOut.claims, golden, goldenIssuer),
  );
  expect(Number(identity.exp) - Number(identity.nbf)).toBe(300);
  expect(identity.at_hash).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(identity.auth_time).toBe(access.auth_time);
}

const formClient = "arbitrary-resource-owner-client";

describe.each(["gateway", "rpc"] as const)("the seeds through the %s", (name) => {
  it.each(goldens.filter(({ request }) => request.id_token === undefined))("$name", async (golden) => {
    await check(golden, (await doors[name]?.mint(golden.request)) ?? {}, formClient);
  });

  it("002 with an access token in place of the subject, and with both", async () => {
    const golden = goldens.find((candidate) => candidate.name.startsWith("002"));
    if (golden === undefined) throw new Error("no golden file");
    const { subject = "", ...request } = golden.request;
    const first = await doors[name]?.mint({ ...request, subject });
    const shown = { ...request, access_token: first?.accessToken ?? "" };
    await check(golden, (await doors[name]?.mint(shown)) ?? {});
    await check(golden, (await doors[name]?.mint({ ...shown, subject: "someone else" })) ?? {});
  });
});

describe("the request of seed 000, byte for byte", () => {
  it.each(["acme"])("is served for tenant %s, for the client of its header", async (tenant) => {
    const golden = goldens.find((candidate) => candidate.name.startsWith("000"));
    if (golden === undefined) throw new Error("no golden file");
    const socket = connect(service.httpPort, "127.0.0.1");
    socket.write(rawRequest(tenant).replace("HTTP/1.1\r\n", "HTTP/1.1\r\nConnection: close\r\n"));
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer.toLowerCase()).toContain("cache-control: no-store");
    const body = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
    const claims = await verified(body.access_token, `${service.publicUrl}/${tenant}`);
    expect(comparable(claims, golden, "none")).toEqual(comparable(golden.accessToken.claims, golden, "none"));
    expect(body).toMatchObject({ token_type: "Bearer", expires_in: 29, refresh_token: expect.any(String) });
    expect(body.id_token).toBeUndefined();
  });
});
