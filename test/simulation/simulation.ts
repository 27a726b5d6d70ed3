import type { Instant } from "../../src/base/clock.ts";
import { asserting } from "./assertions.ts";
import { bound, keylessThief, proofReplays } from "./bound-clients.ts";
import { Actor } from "./clients.ts";
import { guesser, spender } from "./limited-clients.ts";
import { Violation } from "./oracle.ts";
import { countLeft } from "./records.ts";
import { registered, registrar } from "./registered-clients.ts";
import { tenantRegistrar, tenantUser } from "./registered-tenants.ts";
import { changes, clockSettings, keepRunning, leaks, rotations, verifier, weather } from "./surroundings.ts";
import { KEY_TIMES, QUIET_TENANT } from "./tenants.ts";
import { type Options, optionsOf, World } from "./world.ts";

/** What a run came to. */
export interface Report {
  readonly seed: string;
  readonly options: Options;
  readonly steps: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly answers: ReadonlyMap<string, number>;
  /** What was found wrong. */
  readonly failure: unknown;
  /** Tells what happened, the latest at the end. */
  readonly lines: () => readonly string[];
}

/** Longer than anything that a configuration of the simulation grants, in milliseconds. */
const ALL_IS_OVER = 2_000_000;

/** Runs one seed to its end, or to the first thing that must never be so. Does not reject. */
export async function simulate(seed: string, options: Options = optionsOf(seed)): Promise<Report> {
  const world = new World(seed, options);
  const { scheduler, faults } = world;
  const begun = scheduler.now;
  let failure: unknown;
  try {
    begin(world, options);
    const end = scheduler.now + options.minutes * 60_000;
    await scheduler.run(end);
    faults.calmDown();
    await scheduler.run(end + 30_000);
    checkRotations(world, begun);
    await checkRows(world);
  } catch (error) {
    failure = error;
  }
  // What is still under way when the nodes end is no part of the run.
  const report = {
    seed,
    options,
    steps: scheduler.steps,
    faults: new Map(faults.counts),
    answers: new Map(world.answers),
    failure,
    lines: world.lines(),
  };
  for (const node of world.nodes) node.crash();
  return report;
}

function begin(world: World, { nodes, actors, limits }: Options): void {
  const { scheduler, random } = world;
  const stream = (name: string) => random.fork(name);
  for (let index = 0; index < nodes; index++) scheduler.spawn(keepRunning(world, index, stream(`keeper ${index}`)));
  for (let index = 0; index < actors; index++) scheduler.spawn(new Actor(world, stream(`actor ${index}`)).run());
  for (let index = 0; index < 2; index++) scheduler.spawn(verifier(world, stream(`verifier ${index}`)));
  scheduler.spawn(weather(world, stream("weather")));
  scheduler.spawn(clockSettings(world, stream("clocks")));
  scheduler.spawn(rotations(world, stream("rotations")));
  scheduler.spawn(leaks(world, stream("leaks")));
  scheduler.spawn(changes(world, stream("changes")));
  scheduler.spawn(registrar(world, stream("registrar")));
  for (let index = 0; index < 2; index++) scheduler.spawn(registered(world, stream(`registered ${index}`)));
  scheduler.spawn(tenantRegistrar(world, stream("tenant registrar")));
  for (let index = 0; index < 2; index++) scheduler.spawn(tenantUser(world, stream(`tenant user ${index}`)));
  scheduler.spawn(asserting(world, stream("asserting")));
  scheduler.spawn(bound(world, stream("bound")));
  scheduler.spawn(keylessThief(world, stream("keyless thief")));
  scheduler.spawn(proofReplays(world, stream("proof replays")));
  if (!limits) return;
  for (let index = 0; index < 2; index++) {
    scheduler.spawn(spender(world, stream(`spender ${index}`)));
    scheduler.spawn(guesser(world, stream(`guesser ${index}`)));
  }
}

/** How much too long a key may have been used at the end, in milliseconds: no node may have been there for a while. */
const LATE_ROTATION = 120_000;

/** Keys rotate on schedule, also those of a tenant that nobody uses. `begun`: when the run began, without any keys. */
function checkRotations({ records, scheduler }: World, begun: Instant): void {
  for (const [use, rotateEvery] of [
    ["signing", KEY_TIMES.rotateEvery],
    ["refresh", KEY_TIMES.refreshKeyRotateEvery],
  ] as const) {
    const own = records.keys.filter((key) => key.tenant === QUIET_TENANT && key.use === use);
    const latest = Math.max(begun, ...own.map(({ activateAt }) => activateAt));
    const isLate = latest + rotateEvery * 1000 + LATE_ROTATION < scheduler.now;
    if (isLate) throw new Violation(4, "the keys of a tenant that nobody uses do not rotate");
  }
}

/** When all is over nothing is left but keys, their revocations, and meta; and of each order there is one key. */
async function checkRows({ store, records, scheduler }: World): Promise<void> {
  const direct = store.connect((_, apply) => apply(), 0);
  await direct.sweep(scheduler.now + ALL_IS_OVER, Number.MAX_SAFE_INTEGER);
  const left = await countLeft(records, direct);
  if (left > 0) throw new Violation(5, `${left} rows outlive all that they could matter to`);
  const requests = records.keys.filter(({ request }) => request !== undefined);
  const names = new Set(requests.map(({ tenant, request }) => `${tenant} ${request}`));
  if (names.size < requests.length) throw new Violation(5, "a retried rotation was done twice");
}
