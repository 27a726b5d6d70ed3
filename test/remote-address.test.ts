import { afterAll, beforeAll, expect, test } from "vitest";
import { createGateway } from "../src/http/gateway.ts";
import { startDoors, stockClient } from "./rpc/support.ts";
import { FakeEngine } from "./support/fake-engine.ts";
import { recordingLogger } from "./support/logger.ts";

const engine = new FakeEngine();
const gateway = createGateway({ engine, logger: recordingLogger(), publicUrl: "https://mint.example" });
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
