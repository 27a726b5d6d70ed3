import type { Clock, Instant, Machine } from "../../src/base/clock.ts";
import { ClockKeeper, SharedClock, type SharedMachine } from "../../src/base/shared-clock.ts";
import type { Clocks } from "./clocks.ts";
import type { Prng } from "./prng.ts";
import type { Scheduler } from "./scheduler.ts";

/** The longest that a message between processes of one machine takes, in milliseconds; most take much less. */
const LONGEST_DELAY = 50;

/** A worker, as far as its clock is concerned. */
interface Worker {
  readonly alive: boolean;
  readonly machine: Machine;
  lastFailure: Instant;
}

/** The clock that workers agree on: the real one, but for the machine, and the messages between them and the primary. */
export class WorkersClock {
  readonly #scheduler: Scheduler;
  readonly #random: Prng;
  readonly #keeper: ClockKeeper;
  #clocks: readonly { readonly worker: Worker; readonly clock: SharedClock }[] = [];

  constructor(scheduler: Scheduler, clocks: Clocks, random: Prng) {
    this.#scheduler = scheduler;
    this.#random = random;
    const machine: SharedMachine = {
      wall: () => scheduler.now + clocks.wrong(0),
      monotonic: () => scheduler.now,
      sleep: (milliseconds) => scheduler.wait(milliseconds),
      after: (milliseconds, work) => {
        scheduler.after(milliseconds, work);
        return () => undefined;
      },
    };
    this.#keeper = new ClockKeeper(machine, (curve) => {
      for (const { worker, clock } of this.#clocks) this.#send(worker, () => clock.follow(curve));
    });
    this.#keeper.watch();
  }

  /** The clock of a worker that starts now. */
  join(worker: Worker): Clock {
    const clock = new SharedClock({
      machine: { ...worker.machine, monotonic: () => this.#scheduler.now },
      start: this.#keeper.commonTime(),
      report: (setBack) => this.#send(worker, () => this.#keeper.hear(setBack)),
    });
    this.#clocks = [...this.#clocks.filter((each) => each.worker.alive), { worker, clock }];
    clock.watch();
    return {
      now: () => this.#read(worker, clock),
      past: (instant) => clock.past(instant),
    };
  }

  /** Carries a message to or from a worker. */
  #send(worker: Worker, arrive: () => void): void {
    this.#scheduler.after(this.#random.delay(LONGEST_DELAY), () => worker.alive && arrive());
  }

  /** That a clock gives no reading is a reason not to answer. */
  #read(worker: Worker, clock: Clock): Instant {
    try {
      return clock.now();
    } catch (error) {
      worker.lastFailure = this.#scheduler.now;
      throw error;
    }
  }
}
