import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { systemClock, thisMachine } from "../../src/base/clock.ts";
import { createHttpServer } from "../../src/http/gateway.ts";
import { serveHealth } from "../../src/http/health.ts";
import { jweSealer } from "../../src/keyring/seal.ts";
import { Health } from "../../src/server/health.ts";
import { openNode } from "../../src/server/node.ts";
import { thisPlatform } from "../../src/server/platform.ts";
import { openMongoStore } from "../../src/store/mongodb/index.ts";
import { TEST_SETTINGS } from "../support/context.ts";
import { freePort } from "../support/free-port.ts";
import { keyBytes, keyText } from "../support/key-encryption-key.ts";
import { listenerOf, recordingLogger } from "../support/logger.ts";
import { hostOf, makeDatabase, type TestDatabase, urlOf, withMongo } from "../support/mongodb.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { fileOf, testTenant } from "../support/tenant.ts";

/** What a path of the management port answers. */
async function ask(port: number, path: string): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, body: await response.text() };
}

const WELL = { status: 200, body: "ok\n" };

describe("the management port", () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.close());

  it("says that the process lives and can serve", async () => {
    expect(await ask(service.managementPort, "/livez")).toEqual(WELL);
    expect(await ask(service.managementPort, "/readyz")).toEqual(WELL);
    expect(await ask(service.managementPort, "/readyz?verbose")).toEqual({
      status: 200,
      body: "[+]store ok\n[+]clock ok\n[+]keys ok\n[+]registry ok\n[+]configuration ok\nreadyz check passed\n",
    });
  });

  it.each(["/", "/connect/token", "/.well-known/openid-configuration", "/mintmark.v1.TokenService/Mint"])(
    "has nothing else, such as %s",
    async (path) => expect((await ask(service.managementPort, path)).status).toBe(404),
  );

  it.each(["/livez", "/readyz"])("is the only one that has %s", async (path) => {
    expect((await fetch(service.publicUrl + path)).status).toBe(404);
  });
});

it("says that a node stops while what is in flight goes on, and is the last to close", async () => {
  const service = await startTestService();
  const { httpPort, managementPort } = service;
  const socket = connect(httpPort, "127.0.0.1");
  await once(socket, "connect");
  const head =
    "POST /connect/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n";
  socket.write(`${head}content-length: 12\r\nexpect: 100-continue\r\n\r\n`);
  // From here on the request is in flight: the gateway waits for its body.
  expect(String((await once(socket, "data"))[0])).toContain("100 Continue");
  const closing = service.close();
  expect(await ask(managementPort, "/readyz")).toEqual({
    status: 503,
    body: "[-]stop failed: the node is stopping\nreadyz check failed\n",
  });
  expect(await ask(managementPort, "/livez")).toEqual(WELL);
  socket.write("grant_type=x");
  expect(String((await once(socket, "data"))[0])).toContain("HTTP/1.1 401");
  await closing;
  await expect(fetch(`http://127.0.0.1:${managementPort}/livez`)).rejects.toThrow("fetch failed");
});

it("closes if the service cannot start", async () => {
  const managementPort = await freePort();
  const env = { MINTMARK_MANAGEMENT_ADDRESS: `127.0.0.1:${managementPort}`, MINTMARK_STORE: "mongodb://127.0.0.1:1/x" };
  await expect(startTestService({ ...env, MINTMARK_START_TIMEOUT: "1s" })).rejects.toThrow("cannot be reached");
  await expect(fetch(`http://127.0.0.1:${managementPort}/livez`)).rejects.toThrow("fetch failed");
});

withMongo("a node whose MongoDB is away", (uri) => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let env: Readonly<Record<string, string>>;
  let managementPort: number;
  beforeAll(async () => {
    database = makeDatabase(uri);
    proxy = await startTcpProxy(hostOf(uri));
    managementPort = await freePort();
    env = {
      MINTMARK_STORE: urlOf(`mongodb://127.0.0.1:${proxy.port}/`, database.name, { timeoutMS: "500" }),
      MINTMARK_MANAGEMENT_ADDRESS: `127.0.0.1:${managementPort}`,
      MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
    };
  });
  afterEach(() => proxy.become("passing"));
  afterAll(async () => {
    await proxy.close();
    await database.drop();
  });

  const ready = () => ask(managementPort, "/readyz");

  it("lives while it waits for that to start, and is not ready", async () => {
    proxy.become("cut");
    const starting = startTestService(env);
    await expect.poll(() => ask(managementPort, "/livez").catch(() => undefined)).toEqual(WELL);
    expect(await ready()).toEqual({
      status: 503,
      body: "[-]start failed: the node is starting\nreadyz check failed\n",
    });
    proxy.become("passing");
    const service = await starting;
    await expect.poll(ready).toEqual(WELL);
    await service.close();
  });

  it.each(["cut", "silent"] as const)("lives, and is ready again once it is back: %s", async (weather) => {
    const service = await startTestService(env);
    await expect.poll(ready).toEqual(WELL);
    proxy.become(weather);
    await expect.poll(ready).toEqual({
      status: 503,
      body: expect.stringMatching(/^\[-\]store failed: .+\n\[\+\]clock ok\n\[\+\]keys ok\n\[\+\]registry ok\n/),
    });
    expect(await ask(managementPort, "/livez")).toEqual(WELL);
    proxy.become("passing");
    await expect.poll(ready).toEqual(WELL);
    await service.close();
  });
});

withMongo("a node whose clock is set while it serves", (uri) => {
  it("is not ready until the clock agrees with MongoDB's again, and lives", async () => {
    const database = makeDatabase(uri);
    let set = 0;
    const machine = { ...thisMachine, wall: () => Date.now() + set };
    const logger = recordingLogger();
    const store = await openMongoStore(database.url, { logger, machine, maxClockSkew: 10_000 });
    const node = await openNode({
      settings: TEST_SETTINGS,
      file: fileOf(testTenant()),
      store,
      platform: {
        ...thisPlatform(jweSealer([keyBytes()])),
        machine,
        clock: (isOff) => systemClock(machine, isOff),
      },
      listener: () => undefined,
    });
    await node.pollKeys();
    const health = new Health({ elapsed: machine.elapsed, tooLong: () => new Promise(() => {}), logger });
    health.begin(node.checks);
    const app = createHttpServer({ listener: listenerOf(logger) });
    serveHealth(app, health);
    const ready = async () => {
      const { statusCode, body } = await app.inject("/readyz");
      return { status: statusCode, body };
    };
    expect(await ready()).toEqual(WELL);
    set = -60_000;
    await expect.poll(ready).toEqual({
      status: 503,
      body: expect.stringMatching(
        /^\[\+\]store ok\n\[-\]clock failed: The machine's clock is too far from the store's\.\n/,
      ),
    });
    expect(await app.inject("/livez")).toMatchObject({ statusCode: 200 });
    set = 0;
    await expect.poll(ready).toEqual(WELL);
    await node.close();
    await store.close();
    await database.drop();
  });
});
