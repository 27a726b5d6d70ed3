import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGateway } from "../src/http/gateway.ts";
import { registerConnect } from "../src/rpc/connect.ts";
import { createGrpcServer } from "../src/rpc/grpc.ts";
import { rpcServices } from "../src/rpc/services.ts";
import { startDoors, stockClient } from "./rpc/support.ts";
import { FakeEngine } from "./support/fake-engine.ts";
import { listenerOf, recordingLogger } from "./support/logger.ts";

const engine = new FakeEngine();
const gateway = createGateway({ engine, listener: listenerOf(recordingLogger()), publicUrl: "https://mint.example" });
let gatewayUrl: string;
let doors: Awaited<ReturnType<typeof startDoors>>;

beforeAll(async () => {
  gatewayUrl = await gateway.listen({ host: "127.0.0.1", port: 0 });
  doors = await startDoors(engine);
});
afterAll(() => Promise.all([gateway.close(), doors.close()]));

const headers = { "x-forwarded-for": "192.0.2.7", forwarded: "for=192.0.2.7" };

test.each<[string, () => Promise<unknown>]>([
  [
    "a form",
    () => fetch(`${gatewayUrl}/connect/token`, { method: "POST", headers, body: new URLSearchParams({ a: "b" }) }),
  ],
  [
    "Connect",
    () =>
      fetch(`${doors.url}/mintmark.v1.TokenService/Mint`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: "{}",
      }),
  ],
  [
    "gRPC",
    async () => {
      const stock = stockClient(doors.address);
      await stock.call("Mint", {});
      stock.close();
    },
  ],
])("%s tells the engine the address of its socket, whatever it says itself", async (_, ask) => {
  const before = engine.remoteAddresses.length;
  await ask();
  expect(engine.remoteAddresses.slice(before)).toEqual(["127.0.0.1"]);
});

test.each([
  ["192.0.2.7", ["127.0.0.0/8"]],
  ["127.0.0.1", ["10.0.0.0/8"]],
])("a proxy that is trusted tells it: %s with %s", async (address, trustedProxies) => {
  const proxied = createGateway({
    engine,
    listener: listenerOf(recordingLogger()),
    publicUrl: "https://mint.example",
    trustedProxies,
  });
  registerConnect(proxied, rpcServices(engine));
  const url = await proxied.listen({ host: "127.0.0.1", port: 0 });
  const forwarded = { "x-forwarded-for": "198.51.100.1, 192.0.2.7" };
  const before = engine.remoteAddresses.length;
  await fetch(`${url}/connect/token`, { method: "POST", headers: forwarded, body: new URLSearchParams({ a: "b" }) });
  const json = { ...forwarded, "content-type": "application/json" };
  await fetch(`${url}/mintmark.v1.TokenService/Mint`, { method: "POST", headers: json, body: "{}" });
  expect(engine.remoteAddresses.slice(before)).toEqual([address, address]);
  await proxied.close();
});

test.each([
  ["192.0.2.7", ["127.0.0.0/8"]],
  ["127.0.0.1", []],
])("a proxy before gRPC that is trusted tells it: %s with %s", async (address, trustedProxies) => {
  const server = createGrpcServer({
    services: rpcServices(engine),
    listener: listenerOf(recordingLogger()),
    trustedProxies,
  });
  const stock = stockClient(`127.0.0.1:${await server.listen("127.0.0.1", 0)}`);
  const metadata = new Metadata();
  metadata.set("x-forwarded-for", "198.51.100.1, 192.0.2.7");
  const before = engine.remoteAddresses.length;
  await stock.call("Mint", {}, metadata);
  expect(engine.remoteAddresses.slice(before)).toEqual([address]);
  stock.close();
  await server.close(0);
});
