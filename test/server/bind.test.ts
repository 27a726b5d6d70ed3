import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGateway } from "../../src/http/gateway.ts";
import { createGrpcServer } from "../../src/rpc/grpc.ts";
import { ConfigError } from "../../src/schema/problems.ts";
import { listening, tryAddresses } from "../../src/server/bind.ts";
import { FakeEngine } from "../support/fake-engine.ts";
import { listenerOf, recordingLogger } from "../support/logger.ts";

const other = createServer();
let taken: { host: string; port: number };
beforeAll(async () => {
  await once(other.listen(0, "127.0.0.1"), "listening");
  taken = { host: "127.0.0.1", port: (other.address() as AddressInfo).port };
});
afterAll(() => void other.close());

const listener = listenerOf(recordingLogger());

/** What a start ends with. */
async function failure(start: Promise<unknown>): Promise<unknown> {
  return start.then(
    () => "nothing",
    (error: unknown) => error,
  );
}

describe("an address that another process has is named, with its setting", () => {
  it("for HTTP", async () => {
    const app = createGateway({ engine: new FakeEngine(), listener, publicUrl: "https://mint.example" });
    const error = await failure(listening("HTTP", taken, (address) => app.listen(address)));
    expect(error).toEqual(
      new ConfigError([
        `MINTMARK_HTTP_ADDRESS (httpAddress): cannot listen on 127.0.0.1:${taken.port}: another process is using it (EADDRINUSE)`,
      ]),
    );
    await app.close();
  });

  it("for gRPC", async () => {
    const server = createGrpcServer({ services: [], listener });
    const error = await failure(listening("RPC", taken, ({ host, port }) => server.listen(host, port)));
    expect(error).toEqual(
      new ConfigError([
        `MINTMARK_RPC_ADDRESS (rpcAddress): cannot listen on 127.0.0.1:${taken.port}: another process is using it (EADDRINUSE)`,
      ]),
    );
    await server.close(0);
  });
});

it.each([
  ["EACCES", "this process may not listen there"],
  ["EADDRNOTAVAIL", "this machine does not have that address"],
  ["ENOTFOUND", "the name does not exist"],
])("tells of %s in words", async (code, words) => {
  const refused = async () => Promise.reject(Object.assign(new Error("no"), { code }));
  const error = await failure(listening("HTTP", { host: "::1", port: 80 }, refused));
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).toContain(`cannot listen on [::1]:80: ${words} (${code})`);
});

it.each(["HTTP", "RPC"] as const)("tells of a name that nobody knows in words, at the door %s", async (setting) => {
  const unknown = { host: "mint.invalid", port: 7001 };
  const app = createGateway({ engine: new FakeEngine(), listener, publicUrl: "https://mint.example" });
  const grpc = createGrpcServer({ services: [], listener });
  const listen = ({ host, port }: typeof unknown) =>
    setting === "HTTP" ? app.listen({ host, port }) : grpc.listen(host, port);
  const error = await failure(listening<unknown>(setting, unknown, listen));
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).toMatch(/cannot listen on mint\.invalid:7001: .* \((ENOTFOUND|EAI_AGAIN)\)$/);
  await Promise.all([app.close(), grpc.close(0)]);
});

it("tells of what else the system says by its code", async () => {
  const refused = async () => Promise.reject(Object.assign(new Error("no"), { code: "ENODEV", syscall: "listen" }));
  const error = await failure(listening("HTTP", taken, refused));
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).toContain("the system does not allow it (ENODEV)");
});

it("leaves any other failure, and what succeeds, as it is", async () => {
  const bug = new TypeError("a bug");
  expect(await failure(listening("HTTP", taken, () => Promise.reject(bug)))).toBe(bug);
  expect(await listening("HTTP", taken, async ({ port }) => port)).toBe(taken.port);
});

it("names every address that cannot be had at once", async () => {
  const free = { host: "127.0.0.1", port: 0 };
  const addresses = { httpAddress: taken, rpcAddress: free, operatorAddress: undefined, managementAddress: taken };
  const error = await failure(tryAddresses(addresses));
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).problems).toEqual([
    expect.stringMatching(/^MINTMARK_HTTP_ADDRESS .*EADDRINUSE/),
    expect.stringMatching(/^MINTMARK_MANAGEMENT_ADDRESS .*EADDRINUSE/),
  ]);
  expect(await failure(tryAddresses({ ...addresses, httpAddress: free, managementAddress: free }))).toBe("nothing");
});
