import { StoreUnavailableError } from "../../src/store/port.ts";
import type { Faults } from "./faults.ts";
import type { Scheduler } from "./scheduler.ts";

/** For how long at most a call that was given up may still reach the store, in milliseconds: what the mint allows for. */
const MAY_STILL_ARRIVE = 25_000;

/** How long at most a node waits for an answer of the store, in milliseconds. */
const TIMEOUT = 5000;

/** What takes longer than this is slow, in milliseconds. */
const SLOW = 100;

/** What a link tells of one call. */
export interface LinkObserver {
  /** The store has done it, whether or not its answer arrives. */
  applied(result: unknown): void;
  /** The call, or its answer, takes its time. */
  slow(): void;
  /** The node is told that the store is unavailable. */
  failed(): void;
}

/** The line between one run of a node and the store: slow, unordered, and not to be relied on. */
export class Link {
  readonly #scheduler: Scheduler;
  readonly #faults: Faults;
  /** Until when nothing passes. */
  #cutUntil = 0;
  /** Until when all goes wrong more often. */
  #roughUntil = 0;
  #nodeIsAlive = true;

  constructor(scheduler: Scheduler, faults: Faults) {
    this.#scheduler = scheduler;
    this.#faults = faults;
  }

  /** Lets nothing pass for a while. */
  cutFor(milliseconds: number): void {
    this.#cutUntil = this.#scheduler.now + milliseconds;
  }

  /** Faults come in swarms for a while. */
  roughFor(milliseconds: number): void {
    this.#roughUntil = this.#scheduler.now + milliseconds;
  }

  /** The node is no more: no answer reaches it, and what it has sent may arrive or not. */
  abandon(): void {
    this.#nodeIsAlive = false;
  }

  carry<T>(operation: string, apply: () => Promise<T>, observer: LinkObserver): Promise<T> {
    const rough = () => this.#scheduler.now < this.#roughUntil;
    const delay = () => {
      const milliseconds = this.#faults.delay(operation, rough());
      if (milliseconds > SLOW) observer.slow();
      return milliseconds;
    };
    return new Promise<T>((resolve, reject) => {
      const fail = (after: number) =>
        this.#scheduler.after(after, () => {
          if (!this.#nodeIsAlive) return;
          observer.failed();
          reject(new StoreUnavailableError("the simulated store gave no answer"));
        });
      const arrive = async (answer: (result: T) => void) => {
        if (!this.#nodeIsAlive && this.#faults.random.chance(0.5)) return;
        try {
          const result = await apply();
          observer.applied(result);
          answer(result);
        } catch (error) {
          reject(error);
        }
      };
      const giveUp = () => fail(this.#faults.random.delay(TIMEOUT));

      if (this.#isCut()) return giveUp();
      const fate = this.#faults.fateOf(operation, rough());
      if (fate === "refused") return fail(delay());
      if (fate === "late") {
        const givenUp = this.#faults.random.delay(TIMEOUT);
        fail(givenUp);
        const arrival = givenUp + this.#faults.random.delay(MAY_STILL_ARRIVE);
        return this.#scheduler.after(arrival, () => void arrive(() => undefined));
      }
      this.#scheduler.after(delay(), () => {
        if (this.#isCut()) return giveUp();
        void arrive((result) => {
          if (fate === "lost") return giveUp();
          this.#scheduler.after(delay(), () => {
            if (this.#isCut()) return giveUp();
            if (this.#nodeIsAlive) resolve(result);
          });
        });
      });
    });
  }

  #isCut(): boolean {
    return this.#scheduler.now < this.#cutUntil;
  }
}
