import type { Instant } from "../../src/base/clock.ts";
import type { Prng } from "./prng.ts";

interface Step {
  readonly at: Instant;
  /** Decides between steps of one moment. */
  readonly lot: number;
  readonly run: () => void;
}

/** How many steps are taken before Node looks whether anything outside has happened, of which a run knows nothing. */
const AT_A_TIME = 100;

/**
 * True time, and all that is yet to happen in it. Nothing happens but one step at a time, and all that a step leads to
 * at once has come to rest before the next: so a run is a function of its seed.
 */
export class Scheduler {
  /** True time, which nobody in the simulation can read. */
  now: Instant = Date.UTC(2026, 0, 1, 0, 0, 0, 123);
  /** How many steps were taken. */
  steps = 0;
  readonly #random: Prng;
  readonly #heap: Step[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(random: Prng) {
    this.#random = random;
  }

  /** Takes a step so many milliseconds from now. */
  after(milliseconds: number, run: () => void): void {
    this.#push({ at: this.now + Math.max(0, Math.ceil(milliseconds)), lot: this.#random.next(), run });
  }

  /** Resolves so many milliseconds from now. */
  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.after(milliseconds, resolve));
  }

  /** Lets something go on by itself; what it throws ends the run. */
  spawn(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.fail(error));
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Takes all steps until a moment. Throws what ended the run. */
  async run(until: Instant): Promise<void> {
    let isOver = false;
    const takeNext = () => {
      isOver ||= !this.#takeStep(until);
    };
    while (!isOver) {
      // Node lets all come to rest that one of them leads to before it calls the next.
      for (let left = AT_A_TIME; left > 0; left--) setImmediate(takeNext);
      await new Promise(setImmediate);
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    this.now = until;
  }

  /** Takes the next step; returns false if there is none until then, or the run has failed. */
  #takeStep(until: Instant): boolean {
    if (this.#failure !== undefined || (this.#heap[0]?.at ?? Number.POSITIVE_INFINITY) > until) return false;
    const step = this.#pop();
    this.now = Math.max(this.now, step.at);
    this.steps += 1;
    try {
      step.run();
    } catch (error) {
      this.fail(error);
    }
    return true;
  }

  #push(step: Step): void {
    const heap = this.#heap;
    heap.push(step);
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap, at, parent)) break;
      swap(heap, at, parent);
      at = parent;
    }
  }

  #pop(): Step {
    const heap = this.#heap;
    swap(heap, 0, heap.length - 1);
    const first = heap.pop();
    if (first === undefined) throw new Error("nothing is left to do");
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const least = right < heap.length && isBefore(heap, right, left) ? right : left;
      if (least >= heap.length || !isBefore(heap, least, at)) return first;
      swap(heap, at, least);
      at = least;
    }
  }
}

function isBefore(heap: readonly Step[], one: number, other: number): boolean {
  const [a, b] = [heap[one], heap[other]];
  if (a === undefined || b === undefined) return false;
  return a.at < b.at || (a.at === b.at && a.lot < b.lot);
}

function swap(heap: Step[], one: number, other: number): void {
  const [a, b] = [heap[one], heap[other]];
  if (a === undefined || b === undefined) return;
  heap[one] = b;
  heap[other] = a;
}
