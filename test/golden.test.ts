import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkAnswer, verified } from "./golden/check.ts";
import { comparable, goldens, rawRequest } from "./golden/golden.ts";
import { type Door, gatewayDoor, rpcDoor } from "./support/doors.ts";
import { startTestService, type TestService } from "./support/service.ts";
import { type RecordingSdk, startSdk } from "./support/spans.ts";

let sdk: RecordingSdk;
let service: TestService;
let rpc: ReturnType<typeof rpcDoor>;
const doors: { gateway?: Door; rpc?: Door } = {};

beforeAll(async () => {
  // Whatever its spans say of a grant is searched for what nobody may see.
  sdk = startSdk();
  service = await startTestService();
  rpc = rpcDoor(service.rpcPort);
  doors.gateway = gatewayDoor(service.publicUrl);
  doors.rpc = rpc;
});
afterAll(async () => {
  rpc.close();
  await service.close();
  expect(sdk.spans()).not.toEqual([]);
  sdk.stop();
});

const formClient = "arbitrary-resource-owner-client";

describe.each(["gateway", "rpc"] as const)("the seeds through the %s", (name) => {
  it.each(goldens.filter(({ request }) => request.id_token === undefined))("$name", async (golden) => {
    await checkAnswer(golden, (await doors[name]?.mint(golden.request)) ?? {}, service.publicUrl, formClient);
  });

  it("002 with an access token in place of the subject, and with both", async () => {
    const golden = goldens.find((candidate) => candidate.name.startsWith("002"));
    if (golden === undefined) throw new Error("no golden file");
    const { subject = "", ...request } = golden.request;
    const first = await doors[name]?.mint({ ...request, subject });
    const shown = { ...request, access_token: first?.accessToken ?? "" };
    await checkAnswer(golden, (await doors[name]?.mint(shown)) ?? {}, service.publicUrl);
    await checkAnswer(
      golden,
      (await doors[name]?.mint({ ...shown, subject: "someone else" })) ?? {},
      service.publicUrl,
    );
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
