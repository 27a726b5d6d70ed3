import { createClient, createServiceImplSpec } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import { withStandardServices } from "../../src/rpc/services.ts";
import { healthClient } from "../support/standard-clients.ts";
import { refusalOf, startServers } from "./support.ts";

/** A readiness that a test sets. */
class FakeReadiness {
  #isReady = true;
  readonly listeners = new Set<() => void>();

  async isReady(): Promise<boolean> {
    return this.#isReady;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(isReady: boolean): void {
    this.#isReady = isReady;
    for (const listener of this.listeners) listener();
  }
}

let readiness: FakeReadiness;
let servers: Awaited<ReturnType<typeof startServers>>;
let close: () => void;

/** Asks with a stock client, which knows the .proto alone. */
let stock: (method: string, request: object) => Promise<unknown>;

/** Watches with one. `next` resolves to the next status that it is told, and rejects once the call has ended. */
let watch: (service: string) => { readonly call: { cancel(): void }; next(): Promise<unknown> };

beforeEach(() => readiness.set(true));
beforeAll(async () => {
  readiness = new FakeReadiness();
  const own = [createServiceImplSpec<typeof TokenService>(TokenService, {})];
  servers = await startServers(withStandardServices(own, readiness));
  const client = healthClient(servers.address);
  stock = client.call;
  watch = client.watch;
  close = () => client.close();
});
afterAll(async () => {
  close();
  await servers.close();
});

const NAMES = ["", "mintmark.v1.TokenService"];

describe("a check", () => {
  test.each(NAMES)("says whether it can serve: '%s'", async (service) => {
    expect(await stock("Check", { service })).toEqual({ status: "SERVING" });
    readiness.set(false);
    expect(await stock("Check", { service })).toEqual({ status: "NOT_SERVING" });
  });

  test("of an unknown service is refused", async () => {
    expect((await refusalOf(stock("Check", { service: "mintmark.v1.KeyService" }))).code).toBe("NotFound");
  });

  test("of all lists them", async () => {
    expect(await stock("List", {})).toEqual({
      statuses: Object.fromEntries(NAMES.map((name) => [name, { status: "SERVING" }])),
    });
  });

  test("can be made with curl", async () => {
    const response = await fetch(`${servers.url}/grpc.health.v1.Health/Check`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(await response.json()).toEqual({ status: "SERVING" });
  });
});

describe("a watch", () => {
  test.each(NAMES)("tells every change, and nothing twice: '%s'", async (service) => {
    const { call, next } = watch(service);
    expect(await next()).toBe("SERVING");
    readiness.set(true);
    readiness.set(false);
    expect(await next()).toBe("NOT_SERVING");
    readiness.set(true);
    expect(await next()).toBe("SERVING");
    call.cancel();
    expect((await refusalOf(next())).code).toBe("Canceled");
    await expect.poll(() => readiness.listeners.size).toBe(0);
  });

  test("of a service that is not here goes on", async () => {
    const { call, next } = watch("mintmark.v1.No");
    expect(await next()).toBe("SERVICE_UNKNOWN");
    readiness.set(false);
    call.cancel();
    expect((await refusalOf(next())).code).toBe("Canceled");
  });

  test("is available over Connect too", async () => {
    const leaving = new AbortController();
    const transport = createConnectTransport({ baseUrl: servers.url, httpVersion: "1.1" });
    const got: HealthCheckResponse_ServingStatus[] = [];
    const watching = (async () => {
      for await (const { status } of createClient(Health, transport).watch({}, { signal: leaving.signal })) {
        got.push(status);
        if (got.length === 2) leaving.abort();
        readiness.set(false);
      }
    })();
    expect((await refusalOf(watching)).code).toBe("Canceled");
    expect(got).toEqual([HealthCheckResponse_ServingStatus.SERVING, HealthCheckResponse_ServingStatus.NOT_SERVING]);
  });
});
