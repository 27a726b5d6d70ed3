import { exec } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { caller, writeConfig } from "../proofs/config.ts";
import { basic, type Door, gatewayDoor, rpcDoor } from "../support/doors.ts";
import { hostOf, makeDatabase, type TestDatabase, urlOf, withMongo } from "../support/mongodb.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { OUT_OF_DISK_SPACE, UNAUTHORIZED } from "../support/refusing-server.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { type Load, operations, startLoad } from "./load.ts";

/** The store's busyTimeout, and how much later than that a caller may be told on a busy machine, in milliseconds. */
const TIMEOUT = 1_000;
const SLACK = 10_000;

/** By when a node must work again after its database does, in milliseconds. */
const RECOVERY = 20_000;

/** How long a fault lasts: longer than the grace of the clients, both in milliseconds. */
const OUTAGE = 2_000;
const GRACE = 1_000;

/** A command that ends the database as a crash does, and returns once it is started again; an empty one is none. */
const CRASH = process.env.MONGODB_CRASH || undefined;

const CLIENT = "client";

withMongo("the real service behind a network", (uri) => {
  let folder: string;
  let database: TestDatabase;
  let proxy: TcpProxy;
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mintmark-faults-"));
    database = makeDatabase(uri);
    proxy = await startTcpProxy(hostOf(uri));
    env = writeConfig(folder, { [CLIENT]: { refreshGrace: GRACE / 1000 } });
  });
  afterAll(async () => {
    await proxy.close();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  /** The database by way of the proxy. */
  const proxied = (user = "", timeout = TIMEOUT) =>
    urlOf(`mongodb://${user}127.0.0.1:${proxy.port}/`, database.name, { timeoutMS: `${timeout}` });

  describe("whose database is not there when it starts", () => {
    beforeEach(() => proxy.become("cut"));
    afterEach(() => proxy.become("passing"));

    it("waits, names the host and never the password, and gives up in time", async () => {
      const store = { MINTMARK_STORE: proxied("somebody:hunter2@", 200), MINTMARK_START_TIMEOUT: "1s" };
      const { message } = await startProcess(folder, { ...env, ...store }).then(
        () => expect.fail("it started"),
        (error: Error) => error,
      );
      expect(message).toContain("the service ended with 3:");
      expect(message).toMatch(new RegExp(`"hosts":"127.0.0.1:${proxy.port}".*cannot be reached: trying again`));
      expect(message).toContain(`mintmark: The MongoDB store at 127.0.0.1:${proxy.port} cannot be reached`);
      expect(message).not.toContain("hunter2");
    });

    it("comes up when the database does", async () => {
      const before = proxy.attempts();
      const starting = startProcess(folder, {
        ...env,
        MINTMARK_STORE: proxied("", 1000),
        MINTMARK_START_TIMEOUT: "20s",
      });
      while (proxy.attempts() < before + 4) await delay(20);
      proxy.become("passing");
      const service = await starting;
      expect(service.output()).toContain("cannot be reached: trying again");
      expect(await service.stop()).toBe(0);
    });
  });

  describe("under load", () => {
    /** One has the proxy between itself and the database; the other has not. */
    let node: ServiceProcess;
    let other: ServiceProcess;
    let rpc: Door & { close(): void };
    let doors: readonly Door[];
    let load: Load;

    beforeAll(async () => {
      [node, other] = await Promise.all([
        startProcess(folder, { ...env, MINTMARK_STORE: proxied() }),
        startProcess(folder, { ...env, MINTMARK_STORE: database.url }),
      ]);
      rpc = rpcDoor(node.rpcPort);
      doors = [gatewayDoor(node.publicUrl), rpc];
    });
    afterAll(async () => {
      rpc.close();
      expect(await Promise.all([node.stop(), other.stop()])).toEqual([0, 0]);
    });

    beforeEach(async () => {
      load = startLoad(doors, CLIENT);
      await load.untilWell(RECOVERY);
    });
    afterEach(async () => {
      proxy.delay = 0;
      proxy.become("passing");
      await load.stop();
    });

    const unavailable = (moment: number) => load.since(moment).filter((each) => each.unavailable);

    /** All works again by itself, nobody waited too long, and what was told is true on both nodes. */
    async function expectRecovery(moment: number): Promise<void> {
      await load.untilWell(RECOVERY);
      await load.stop();
      await load.audit([...doors, gatewayDoor(other.publicUrl)]);
      expect(Math.max(...load.since(moment).map(({ duration }) => duration))).toBeLessThan(TIMEOUT + SLACK);
    }

    it("is slow, and says the same", async () => {
      const began = performance.now();
      proxy.delay = 50;
      await delay(1_000);
      expect(unavailable(began)).toEqual([]);
      proxy.delay = 0;
      await expectRecovery(began);
    });

    const outages: [string, () => void][] = [
      ["goes away", () => proxy.become("cut")],
      ["is silent, its connections half open", () => proxy.become("silent")],
      [
        "has a full disk",
        () => {
          proxy.refusal = OUT_OF_DISK_SPACE;
        },
      ],
    ];
    if (process.env.SOAK === "1") {
      outages.push(
        [
          "refuses its user",
          () => {
            proxy.refusal = UNAUTHORIZED;
          },
        ],
        ["takes what it is asked and loses its answers", () => proxy.become("losing answers")],
        [
          "is slower than anybody waits",
          () => {
            proxy.delay = 0.7 * TIMEOUT;
          },
        ],
      );
    }

    it.each(outages)(
      "says so when its database %s, and works again by itself",
      { timeout: 60_000 },
      async (_, happen) => {
        const began = performance.now();
        happen();
        await Promise.all([delay(OUTAGE), delay(TIMEOUT).then(expectRefusals)]);
        const refused = () => new Set(unavailable(began).map(({ operation }) => operation));
        const needTheStore = new Set(operations.filter((operation) => operation !== "plain mint"));
        await expect.poll(refused).toEqual(needTheStore);
        const plainMints = () => load.since(began).filter(({ operation }) => operation === "plain mint").length;
        await expect.poll(plainMints).toBeGreaterThan(20);
        proxy.delay = 0;
        proxy.become("passing");
        await expectRecovery(began);
      },
    );

    it.skipIf(CRASH === undefined)(
      "works again by itself when its database has crashed and is back",
      { timeout: 60_000 },
      async () => {
        const began = performance.now();
        await promisify(exec)(CRASH ?? "");
        expect(unavailable(began)).not.toEqual([]);
        await expectRecovery(began);
      },
    );

    /** A caller is told when to come again, as both wires have it. */
    async function expectRefusals(): Promise<void> {
      const form = { ...caller(CLIENT), token: "someone", token_type_hint: "subject" };
      const gateway = fetch(`${node.publicUrl}/connect/revocation`, {
        method: "POST",
        body: new URLSearchParams(form),
      });
      const connect = fetch(`${node.publicUrl}/mintmark.v1.TokenService/Revoke`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: basic(CLIENT, form.client_secret) },
        body: JSON.stringify({ token: form.token, tokenTypeHint: form.token_type_hint }),
      });
      const [told, status] = await Promise.all([gateway, connect]);
      expect([told.status, told.headers.get("retry-after")]).toEqual([503, "1"]);
      expect(await told.json()).toMatchObject({ error: "temporarily_unavailable" });
      expect(await status.json()).toMatchObject({
        code: "unavailable",
        details: [{ type: "mintmark.v1.OAuthErrorDetail" }, { type: "google.rpc.RetryInfo" }],
      });
    }
  });
});
