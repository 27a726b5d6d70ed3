import { type Clock, type Instant, type Machine, systemClock } from "../../src/base/clock.ts";
import type { Logger } from "../../src/base/logger.ts";
import type { Engine } from "../../src/engine/port.ts";
import type { Registrations } from "../../src/registry/registrations.ts";
import { JOBS, type Job, Jobs } from "../../src/server/jobs.ts";
import type { LazyTenant } from "../../src/server/lazy-tenant.ts";
import { type Node, openNode } from "../../src/server/node.ts";
import { ClockCheck, COMPARE_EVERY } from "../../src/store/mongodb/clock-check.ts";
import type { Store } from "../../src/store/port.ts";
import { EventLog } from "../../src/telemetry/log.ts";
import type { Operation, SimulatedStore } from "../support/simulated-store.ts";
import { fileOf } from "../support/tenant.ts";
import { type Call, currentCall } from "./calls.ts";
import type { Clocks } from "./clocks.ts";
import { simulatedAuthorities, simulatedSealer, simulatedSignatures } from "./cryptography.ts";
import type { Faults } from "./faults.ts";
import { Link } from "./link.ts";
import type { Prng } from "./prng.ts";
import type { Scheduler } from "./scheduler.ts";
import {
  KEY_TIMES,
  QUIET_TENANT,
  REGISTERED_TENANT,
  REGISTRY_TIMES,
  TENANTS,
  tenantOf,
  type Variant,
} from "./tenants.ts";
import type { WorkersClock } from "./workers-clock.ts";

/** A call of the store that was done, told or not. Instants are in true time. */
export interface Done {
  readonly operation: Operation;
  readonly result: unknown;
  readonly issuedAt: Instant;
  /** What the node did it for; absent: by itself. */
  readonly call: Call | undefined;
}

/** What nodes share. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly store: SimulatedStore;
  readonly clocks: Clocks;
  /** The clock that the nodes agree on, if they are workers. */
  readonly workers: WorkersClock | undefined;
  /** Told of all that the store does. */
  applied(done: Done): void;
  log(text: () => string): void;
}

/** As the service is configured, in milliseconds. */
const MAX_CLOCK_LAG = 60_000;
const START_TIMEOUT = 120_000;

/** Polls are the simulation's own, which notes when each began; and nobody reads its log. */
const OWN_JOBS: ReadonlySet<string> = new Set([JOBS.pollKeys, JOBS.pollRegistry, JOBS.report]);

/** One run of a node, from its start until it crashes: the real engine in a simulated context. */
export class Incarnation {
  readonly name: string;
  readonly variant: Variant;
  readonly link: Link;
  readonly machine: Machine;
  readonly clock: Clock;
  alive = true;
  ready = false;
  engine: Engine | undefined;
  /** When it last was told that something outside it cannot be reached, in true time. */
  lastFailure: Instant = 0;
  /** When a call of the store last took its time, in true time. */
  lastSlow: Instant = 0;
  registrations: Registrations | undefined;
  /** When its last read of the registrations began that came to a good end, in true time. */
  registryReadAt: Instant = 0;
  readonly #polledAt = new Map<string, Instant>();
  /** Resolves when it crashes. */
  readonly crashed: Promise<void>;
  readonly #context: Surroundings;
  readonly #random: Prng;
  readonly #store: Store;
  readonly #index: number;
  readonly #jobs: Jobs;
  #clockCheck: ClockCheck | undefined;
  #node: Node | undefined;
  #crash: () => void = () => undefined;

  constructor(name: string, index: number, variant: Variant, context: Surroundings, random: Prng) {
    this.name = name;
    this.#index = index;
    this.variant = variant;
    this.#context = context;
    this.#random = random;
    this.link = new Link(context.scheduler, context.faults);
    this.machine = this.#simulatedMachine();
    this.clock = context.workers?.join(this) ?? systemClock(this.machine, () => this.#isClockOff());
    this.#jobs = new Jobs({ machine: this.machine, fraction: () => random.next(), logger: this.#jobsLogger() });
    this.crashed = new Promise((resolve) => {
      this.#crash = resolve;
    });
    const store = context.store.connect((operation, apply) => {
      const [issuedAt, call] = [context.scheduler.now, currentCall.getStore()];
      return this.link.carry(operation.name, apply, {
        applied: (result) => context.applied({ operation, result, issuedAt, call }),
        slow: () => {
          this.lastSlow = context.scheduler.now;
        },
        failed: () => {
          this.lastFailure = context.scheduler.now;
        },
      });
    }, context.clocks.skew);
    this.#store = context.clocks.kind !== "many" ? store : { ...store, isClockOff: () => this.#isClockOff() };
  }

  /** Ends it between two steps: what it was about to do is never done. */
  crash(): void {
    this.alive = false;
    this.ready = false;
    this.link.abandon();
    this.#crash();
  }

  /** Starts it as the service does. Rejects if the store is away: then the process ends. */
  async start(): Promise<void> {
    const { scheduler, faults } = this.#context;
    const random = this.#random;
    const [store, logger] = [this.#store, this.#logger()];
    const log = new EventLog(logger, this.machine.elapsed);
    await this.#startClockCheck(logger);
    const { keyPollEvery, keyMaxStaleness } = KEY_TIMES;
    const clockTimes = { maxClockLag: MAX_CLOCK_LAG, startTimeout: START_TIMEOUT };
    const begun = scheduler.now;
    const idleness = {
      keepsOpen: random.fork("kept open").int(0, 1),
      closesAfter: random.fork("idle").pick([0, 6_000, 20_000]),
      firstLookWithin: 15_000,
      looksEvery: 600_000,
    };
    const node = await openNode({
      settings: { ...clockTimes, keyPollEvery, keyMaxStaleness, ...REGISTRY_TIMES },
      file: fileOf(...[...TENANTS, QUIET_TENANT].map((id) => tenantOf(id, this.variant))),
      store,
      platform: {
        machine: this.machine,
        clock: () => this.clock,
        random,
        sealer: simulatedSealer,
        signatures: simulatedSignatures(random),
        authorities: () =>
          simulatedAuthorities(faults.random, () => {
            this.lastFailure = scheduler.now;
          }),
      },
      leastKept: 0,
      // Only what is noticed besides how operations end, which the oracle knows better.
      listener: (event) => {
        if (!("duration" in event)) log.listen(event);
      },
      idleness,
    });
    this.#node = node;
    this.registryReadAt = begun;
    this.registrations = node.instance.registrations;
    await node.pollKeys();
    for (const id of node.tenants.keys()) this.#polledAt.set(id, begun);
    for (const job of node.jobs) if (!this.#leavesOut(job)) this.#jobs.start(job);
    for (const id of TENANTS)
      this.#jobs.start({ name: JOBS.pollKeys, every: keyPollEvery * 1000, run: () => this.#poll(id) });
    this.#jobs.start({ name: JOBS.pollKeys, every: keyPollEvery * 1000, run: () => pollRegistered(node) });
    const pollRegistry = node.jobs.find(({ name }) => name === JOBS.pollRegistry);
    if (pollRegistry !== undefined) this.#jobs.start({ ...pollRegistry, run: () => this.#pollRegistry(pollRegistry) });
    this.engine = node.engine;
    this.ready = true;
  }

  /** Without limits there is nothing to share, and nothing of a run changes. */
  #leavesOut({ name }: Job): boolean {
    return OWN_JOBS.has(name) || (name === JOBS.shareCounts && !this.variant.limits);
  }

  /**
   * When the last good read of a tenant's keys began before which it knows nothing of them, in true time. One that is
   * closed knows nothing.
   */
  polledAt(tenant: string): Instant {
    const isClosed = this.#node?.tenants.has(tenant) === false && this.#node.tenant(tenant)?.isOpening === false;
    if (isClosed) this.#polledAt.set(tenant, this.#context.scheduler.now);
    return this.#polledAt.get(tenant) ?? 0;
  }

  /** A tenant that it serves. */
  tenant(id: string): LazyTenant | undefined {
    return this.#node?.tenant(id);
  }

  async #poll(tenant: string): Promise<void> {
    const begun = this.#context.scheduler.now;
    const keyring = this.#node?.tenants.get(tenant)?.keyring;
    await keyring?.poll();
    if (keyring !== undefined) this.#polledAt.set(tenant, Math.max(begun, this.#polledAt.get(tenant) ?? 0));
  }

  async #pollRegistry(job: Job): Promise<void> {
    const begun = this.#context.scheduler.now;
    await job.run();
    this.registryReadAt = begun;
  }

  /** As the store of many nodes compares clocks with its own; those that share a machine have nothing to compare with. */
  async #startClockCheck(logger: Logger): Promise<void> {
    const { clocks, scheduler } = this.#context;
    if (clocks.kind !== "many") return;
    const observer = { applied: () => undefined, slow: () => undefined, failed: () => undefined };
    const databaseTime = () => this.link.carry("time", async () => scheduler.now, observer);
    const options = { machine: this.machine, logger, maxClockSkew: clocks.skew };
    this.#clockCheck = new ClockCheck(databaseTime, options);
    await this.#clockCheck.check();
    const check = () => this.#clockCheck?.check() ?? Promise.resolve();
    this.#jobs.start({ name: "compare clocks", every: COMPARE_EVERY, run: check });
  }

  /** What a node does not do for its clock is for want of something outside it. */
  #isClockOff(): boolean {
    const isOff = this.#clockCheck?.isOff() ?? false;
    if (isOff) this.lastFailure = this.#context.scheduler.now;
    return isOff;
  }

  /** A machine whose clock is, while it is set right, never more than half the skew from true time, nor at its pace. */
  #simulatedMachine(): Machine {
    const { scheduler, faults, clocks } = this.#context;
    const born = scheduler.now;
    const most = faults.happens("clock skew") ? clocks.skew / 2 : 0;
    const [base, swing] = this.#random.pick([
      [most, 0],
      [-most, 0],
      [0, most],
      [most / 2, most / 2],
    ] as const);
    const period = this.#random.int(1000, 60_000);
    const phase = this.#random.next();
    const drift = () => base + swing * Math.sin(2 * Math.PI * (scheduler.now / period + phase));
    return {
      wall: () => Math.floor(scheduler.now + drift() + clocks.wrong(this.#index)),
      elapsed: () => scheduler.now - born,
      sleep: (milliseconds) => this.#wait(milliseconds),
      after: (milliseconds, work) => {
        let isDue = true;
        scheduler.after(milliseconds, () => isDue && this.alive && work());
        return () => {
          isDue = false;
        };
      },
    };
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#context.scheduler.after(milliseconds, () => this.alive && resolve()));
  }

  /** For want of the store or of a clock a job is only postponed; any other failure of one ends the run. */
  #jobsLogger(): Logger {
    const quiet = () => undefined;
    const error: Logger["error"] = (fields) => this.#context.scheduler.fail("err" in fields ? fields.err : fields);
    return { debug: quiet, info: quiet, warn: quiet, error };
  }

  #logger(): Logger {
    const { log } = this.#context;
    return {
      debug: () => undefined,
      info: () => undefined,
      warn: (_, message) => log(() => `${this.name} warns: ${message}`),
      error: (fields, message) => {
        const cause = "err" in fields && fields.err instanceof Error ? fields.err.stack : "";
        log(() => `${this.name} fails: ${message} ${cause}`);
      },
    };
  }
}

/** Polls the keys of the tenant that operators registered, if it is open. */
async function pollRegistered({ tenants, registry }: Node): Promise<void> {
  if (registry.tenant(REGISTERED_TENANT) !== undefined) await tenants.get(REGISTERED_TENANT)?.keyring.poll();
}
