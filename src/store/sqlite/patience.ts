import { setTimeout as delay } from "node:timers/promises";
import { isBusy } from "./errors.ts";

/** For how long what another connection stands in the way of is tried again, in milliseconds. */
export const PATIENCE = 5_000;

/** How long to wait before it is tried again, in milliseconds. */
const PAUSE = 1;

/**
 * Does `work` at once, or again and again for `patience` milliseconds while another connection is in the way. Waiting
 * here leaves the event loop free, and two busy processes take turns; with SQLite's own busy handler neither is so.
 */
export async function whenFree<T>(work: () => T, patience: number = PATIENCE): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
    }
    await delay(PAUSE);
  }
}
