import { once } from "node:events";
import { request } from "node:http";
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { withStandardServices } from "../../src/rpc/services.ts";
import { healthClient } from "../support/standard-clients.ts";
import { recordingWatcher } from "../support/watcher.ts";
import { startServers } from "./support.ts";

const CHECK = "grpc.health.v1.Health/Check";
const WATCH = "grpc.health.v1.Health/Watch";

const watcher = recordingWatcher();
let doors: Awaited<ReturnType<typeof startServers>>;
beforeAll(async () => {
  const readiness = { isReady: async () => true, onChange: () => () => undefined };
  doors = await startServers(withStandardServices([], readiness), undefined, watcher);
});
beforeEach(() => watcher.clear());
afterAll(() => doors.close());

/** Waits for the end of the one call, for a server may notice the end of a call after its client. */
async function ended() {
  await expect.poll(() => watcher.calls.length).toBe(1);
  await expect.poll(() => watcher.ends).toBe(1);
  return watcher.calls[0];
}

describe("a gRPC call is watched", () => {
  let client: ReturnType<typeof healthClient>;
  beforeAll(() => {
    client = healthClient(doors.address);
  });
  afterAll(() => client.close());

  it("if it is answered", async () => {
    await client.call("Check", { service: "" });
    expect(await ended()).toEqual({ system: "grpc", method: CHECK, status: "OK" });
  });

  it("if it is refused", async () => {
    await client.call("Check", { service: "unknown" }).catch(() => undefined);
    expect(await ended()).toEqual({ system: "grpc", method: CHECK, status: "NOT_FOUND" });
  });

  it("if its client leaves", async () => {
    const { call, next } = client.watch("");
    expect(await next()).toBe("SERVING");
    call.on("error", () => undefined).cancel();
    expect(await ended()).toEqual({ system: "grpc", method: WATCH, status: "CANCELLED" });
  });

  it("if there is no such RPC, without the name that its client chose", async () => {
    const stranger = new grpc.Client(doors.address, grpc.credentials.createInsecure());
    const asIs = (bytes: Buffer) => bytes;
    await new Promise((resolve) => stranger.makeUnaryRequest("/a.B/C", asIs, asIs, Buffer.alloc(0), resolve));
    stranger.close();
    expect(await ended()).toEqual({ system: "grpc", method: undefined, status: "UNIMPLEMENTED" });
  });
});

describe("a Connect call is watched", () => {
  const post = (path: string, body: string, type = "application/json") =>
    fetch(`${doors.url}/${path}`, { method: "POST", headers: { "content-type": type }, body });

  it.each([
    ["is answered", CHECK, '{"service":""}', CHECK, undefined],
    ["is refused", CHECK, '{"service":"unknown"}', CHECK, "not_found"],
    ["cannot be read", CHECK, "{", CHECK, "invalid_argument"],
    ["asks for no RPC that there is", "mintmark.v1.TokenService/None", "{}", undefined, "unimplemented"],
  ])("if it %s", async (_, path, body, method, status) => {
    await (await post(path, body)).text();
    expect(await ended()).toEqual({ system: "connectrpc", method, status });
  });

  it("if its content type is not supported", async () => {
    await (await post(CHECK, "<a/>", "text/xml")).text();
    expect(await ended()).toEqual({ system: "connectrpc", method: CHECK, status: "unknown" });
  });

  it("if its client leaves, and as a request, too", async () => {
    const headers = { "content-type": "application/connect+json" };
    const left = request(`${doors.url}/${WATCH}`, { method: "POST", headers }).on("error", () => undefined);
    left.end(Buffer.from([0, 0, 0, 0, 2, ...Buffer.from("{}")]));
    const [answer] = await once(left, "response");
    await once(answer, "data");
    left.destroy();
    expect(await ended()).toEqual({ system: "connectrpc", method: WATCH, status: "canceled" });
    expect(watcher.requests).toMatchObject([{ route: `/${WATCH}`, status: 200, isCutOff: true }]);
  });
});

describe("a gRPC-Web call is watched as gRPC's", () => {
  it.each([
    ["", "OK"],
    ["unknown", "NOT_FOUND"],
  ])("%j: %s", async (service, status) => {
    const client = createClient(Health, createGrpcWebTransport({ baseUrl: doors.url, httpVersion: "1.1" }));
    await client.check({ service }).catch(() => undefined);
    expect(await ended()).toEqual({ system: "grpc", method: CHECK, status });
  });
});
