import { Metadata, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGateway } from "../src/http/gateway.ts";
import { startDoors, stockClient } from "./rpc/support.ts";
import { FakeEngine } from "./support/fake-engine.ts";
import { listenerOf, recordingLogger } from "./support/logger.ts";

const engine = new FakeEngine();
const logger = recordingLogger();
const gateway = createGateway({ engine, listener: listenerOf(logger), publicUrl: "https://mint.example" });
let gatewayUrl: string;
let doors: Awaited<ReturnType<typeof startDoors>>;
let stock: ReturnType<typeof stockClient>;

beforeAll(async () => {
  gatewayUrl = await gateway.listen({ host: "127.0.0.1", port: 0 });
  doors = await startDoors(engine);
  stock = stockClient(doors.address);
});
afterAll(async () => {
  stock.close();
  await Promise.all([gateway.close(), doors.close()]);
});

type Ask = (id?: string) => Promise<string | null | undefined>;

async function posted(url: string, body: URLSearchParams | string, headers: Record<string, string>, id?: string) {
  const named = id === undefined ? headers : { ...headers, "x-request-id": id };
  return (await fetch(url, { method: "POST", headers: named, body })).headers.get("x-request-id");
}

/** What each door answers as the id of a request. */
const ways: [string, Ask][] = [
  ["the gateway", (id) => posted(`${gatewayUrl}/connect/token`, new URLSearchParams({ a: "b" }), {}, id)],
  ["the gateway where there is nothing", (id) => posted(`${gatewayUrl}/nothing`, "", {}, id)],
  [
    "Connect",
    (id) => posted(`${doors.url}/mintmark.v1.TokenService/Mint`, "{}", { "content-type": "application/json" }, id),
  ],
  [
    "gRPC",
    (id) =>
      new Promise((resolve, reject) => {
        const metadata = new Metadata();
        if (id !== undefined) metadata.set("x-request-id", id);
        // biome-ignore lint/suspicious/noExplicitAny: what a stock client has is made at run time.
        const call = (stock.client as any).Mint({}, metadata, (error: ServiceError | null) => error && reject(error));
        call.on("metadata", (header: Metadata) => resolve(String(header.get("x-request-id")[0])));
      }),
  ],
  [
    "gRPC that refuses",
    async (id) => {
      const metadata = new Metadata();
      if (id !== undefined) metadata.set("x-request-id", id);
      const error = await stock.call("Mint", { tenant: "nobody" }, metadata).then(
        () => undefined,
        (reason: ServiceError) => reason,
      );
      return String(error?.metadata.get("x-request-id")[0]);
    },
  ],
];

describe.each(ways)("the id of a request to %s", (_, ask) => {
  it("is the caller's own if that is safe", async () => {
    expect(await ask("my-id.1")).toBe("my-id.1");
  });

  it("is made if there is none, or one that is not safe", async () => {
    const made = [await ask(), await ask("not safe"), await ask("x".repeat(129))];
    for (const id of made) expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(made).size).toBe(3);
  });
});

it("is in the log if a request fails unexpectedly", async () => {
  engine.fail(new Error("unforeseen"));
  for (const [, ask] of ways) await ask("find-me").catch(() => undefined);
  engine.answer = async () => ({ accessToken: "at", tokenType: "Bearer", expiresIn: 29, scopes: [] });
  const lines = [...logger.lines, ...doors.logger.lines].filter(({ level }) => level === "error");
  expect(lines).toHaveLength(3);
  for (const { fields } of lines) expect(fields).toMatchObject({ requestId: "find-me" });
});
