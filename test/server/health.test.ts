import { beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { jweSealer } from "../../src/keyring/seal.ts";
import { Health, type HealthCheck } from "../../src/server/health.ts";
import { openNode } from "../../src/server/node.ts";
import { thisPlatform } from "../../src/server/platform.ts";
import { StoreUnavailableError } from "../../src/store/port.ts";
import { fakeMachine } from "../support/clock.ts";
import { TEST_KEY_ENCRYPTION_KEY, TEST_SETTINGS, testContext } from "../support/context.ts";
import { recordingLogger } from "../support/logger.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { fileOf, testTenant } from "../support/tenant.ts";

let now = 0;
let problem: string | undefined;
let runs = 0;
let logger = recordingLogger();
const never = () => new Promise<never>(() => {});
beforeEach(() => {
  [now, problem, runs, logger] = [0, undefined, 0, recordingLogger()];
});

const check: HealthCheck = {
  name: "thing",
  run: async () => {
    runs += 1;
    return problem;
  },
};

function health(checks: readonly HealthCheck[] = [check], tooLong: () => Promise<unknown> = never): Health {
  const begun = new Health({ elapsed: () => now, tooLong, logger });
  begun.begin(checks);
  return begun;
}

describe("health", () => {
  test("is good if all checks find nothing", async () => {
    const well = health();
    expect(await well.results()).toEqual([{ name: "thing", problem: undefined }]);
    expect(await well.isReady()).toBe(true);
  });

  test("is bad by one problem", async () => {
    const ill = health([check, { name: "other", run: async () => "it is ill" }]);
    expect(await ill.isReady()).toBe(false);
    expect(await ill.results()).toContainEqual({ name: "other", problem: "it is ill" });
  });

  test("is bad if a check throws, at once or later", async () => {
    const throwing = () => {
      throw new Error("away");
    };
    const ill = health([
      { name: "now", run: throwing },
      { name: "later", run: async () => throwing() },
    ]);
    expect(await ill.results()).toEqual([
      { name: "now", problem: "away" },
      { name: "later", problem: "away" },
    ]);
  });

  test("is bad if a check gives no answer", async () => {
    const ill = health([check, { name: "slow", run: never }], async () => undefined);
    expect(await ill.results()).toContainEqual({ name: "slow", problem: "it did not answer in time" });
  });

  test("is looked at once a second, however many ask", async () => {
    const asked = health();
    await Promise.all([asked.results(), asked.isReady(), asked.isReady()]);
    now = 999;
    await asked.isReady();
    expect(runs).toBe(1);
    now = 1000;
    await asked.isReady();
    expect(runs).toBe(2);
  });

  test("is told to whoever listens, and the log, when it changes", async () => {
    const changing = health();
    let heard = 0;
    const stop = changing.onChange(() => {
      heard += 1;
    });
    await changing.job.run();
    await changing.job.run();
    expect(heard).toBe(1);
    problem = "it is ill";
    await changing.job.run();
    expect(heard).toBe(2);
    stop();
    problem = undefined;
    await changing.job.run();
    expect(heard).toBe(2);
    expect(logger.lines.map(({ level, message }) => [level, message])).toEqual([
      ["warn", "the node is not ready"],
      ["info", "the node is ready again"],
    ]);
  });

  test("is bad once the node stops", async () => {
    const stopping = health();
    expect(await stopping.isReady()).toBe(true);
    let heard = 0;
    stopping.onChange(() => {
      heard += 1;
    });
    stopping.stop();
    expect([heard, await stopping.isReady()]).toEqual([1, false]);
    expect(await stopping.results()).toEqual([{ name: "stop", problem: "the node is stopping" }]);
    now += 10_000;
    await stopping.job.run();
    expect([runs, await stopping.isReady()]).toEqual([1, false]);
  });

  test("is bad while a check runs as the node stops", async () => {
    const answer = Promise.withResolvers<undefined>();
    const stopping = health([{ name: "slow", run: () => answer.promise }]);
    const isReady = stopping.isReady();
    stopping.stop();
    answer.resolve(undefined);
    expect(await isReady).toBe(false);
    expect(logger.lines).toEqual([]);
  });

  test("is bad until the node has started", async () => {
    const starting = new Health({ elapsed: () => now, tooLong: never, logger });
    await starting.job.run();
    expect(await starting.results()).toEqual([{ name: "start", problem: "the node is starting" }]);
    let heard = 0;
    starting.onChange(() => {
      heard += 1;
    });
    starting.begin([check]);
    expect([heard, await starting.isReady()]).toEqual([1, true]);
  });
});

describe("the checks of a node", () => {
  async function problems(checks: readonly HealthCheck[]): Promise<Record<string, string | undefined>> {
    const results = await health(checks).results();
    return Object.fromEntries(results.map(({ name, problem: found }) => [name, found]));
  }

  const WELL = { store: undefined, clock: undefined, keys: undefined, registry: undefined };

  test("find nothing wrong with a good one", async () => {
    expect(await problems((await testContext()).node.checks)).toEqual(WELL);
  });

  test("find a store that is away", async () => {
    const store = createMemoryStore();
    let isAway = false;
    const { node } = await testContext(undefined, {
      ...store,
      forTenant: (tenant) => {
        const { meta, ...rest } = store.forTenant(tenant);
        const read = async (name: string) => {
          if (isAway) throw new StoreUnavailableError("The store is away.");
          return meta.read(name);
        };
        return { ...rest, meta: { raise: (name, value) => meta.raise(name, value), read } };
      },
    });
    isAway = true;
    expect(await problems(node.checks)).toEqual({ ...WELL, store: "The store is away." });
  });

  test("find a clock that is behind another process's", async () => {
    const context = await testContext();
    context.clock.advance(-3_600_000);
    expect(await problems(context.node.checks)).toEqual({
      ...WELL,
      clock: "This process's clock is behind another's.",
    });
  });

  test("find a clock that the store knows to be off, and that it is right again", async () => {
    const machine = fakeMachine();
    let isOff = false;
    const node = await openNode({
      settings: TEST_SETTINGS,
      file: fileOf(testTenant()),
      store: { ...createMemoryStore(), isClockOff: () => isOff },
      platform: {
        ...thisPlatform(jweSealer([TEST_KEY_ENCRYPTION_KEY])),
        machine,
        clock: (off) => systemClock(machine, off),
      },
      listener: () => undefined,
    });
    await node.pollKeys();
    isOff = true;
    expect(await problems(node.checks)).toMatchObject({
      store: undefined,
      clock: "The machine's clock is too far from the store's.",
    });
    isOff = false;
    expect(await problems(node.checks)).toEqual(WELL);
    await node.close();
  });

  test("find keys that could not be read for too long", async () => {
    const context = await testContext();
    context.clock.advance(11 * 365 * 86_400_000);
    expect(await problems(context.node.checks)).toEqual({
      ...WELL,
      keys: "the keys of all tenants are too old, as reading them fails",
      registry: "what operators have registered was last read too long ago",
    });
  });

  test("find that there is nobody to serve", async () => {
    const { node } = await testContext();
    await node.reconfigure(fileOf());
    expect(await problems(node.checks)).toEqual({ ...WELL, registry: "there are no tenants" });
  });
});
