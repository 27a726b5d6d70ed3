import { setTimeout as delay } from "node:timers/promises";
import { isBusy } from "./errors.ts";

/** How long work is retried while another connection holds a lock, in milliseconds. */
export const BUSY_TIMEOUT = 5_000;

/** The pause before a retry, in milliseconds. */
const PAUSE = 1;

/**
 * Runs `work`, and retries it for up to `busyTimeout` milliseconds while another connection holds a lock. Waiting here
 * keeps the event loop free and lets two busy processes take turns; SQLite's own busy handler does neither.
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
