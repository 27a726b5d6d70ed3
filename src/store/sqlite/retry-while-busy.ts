import { setTimeout as delay } from "node:timers/promises";
import { isBusy } from "./errors.ts";

/** For how long what another connection stands in the way of is tried again, in milliseconds. */
export const BUSY_TIMEOUT = 5_000;

/** How long to wait before it is tried again, in milliseconds. */
const PAUSE = 1;

/**
 * Does `work` at once, or again and again for `busyTimeout` milliseconds while another connection is in the way. Waiting
 * here leaves the event loop free, and two busy processes take turns; with SQLite's own busy handler neither is so.
 */
export async function retryWhileBusy<T>(work: () => T, busyTimeout: number = BUSY_TIMEOUT): Promise<T> {
  const deadline = performance.now() + busyTimeout;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
    }
    await delay(PAUSE);
  }
}
