import type { Machine } from "../base/clock.ts";

/** How often the lag is measured, in milliseconds. */
const EVERY = 200;

/** How many measurements count. */
const COUNTED = 5;

/**
 * How late the event loop is, in milliseconds: the least of its last few delays. A single long pause is no overload, as
 * what had to wait for it is soon done; a loop that is late every time has more to do than it can.
 */
export class EventLoopLag {
  readonly #machine: Pick<Machine, "elapsed" | "after">;
  readonly #delays: number[] = [];

  constructor(machine: Pick<Machine, "elapsed" | "after">) {
    this.#machine = machine;
  }

  /** Measures regularly, until the returned function is called. */
  start(): () => void {
    const { elapsed, after } = this.#machine;
    let cancel: () => void;
    const wait = () => {
      const due = elapsed() + EVERY;
      cancel = after(EVERY, () => {
        this.#delays.push(Math.max(0, elapsed() - due));
        if (this.#delays.length > COUNTED) this.#delays.shift();
        wait();
      });
    };
    wait();
    return () => cancel();
  }

  /** The lag; 0 until there are enough measurements. */
  readonly read = (): number => (this.#delays.length < COUNTED ? 0 : Math.min(...this.#delays));
}
