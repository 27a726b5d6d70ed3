import type { Logger } from "./engine/logger.ts";
import type { Settlements } from "./engine/settlements.ts";
import { type Store, StoreUnavailableError } from "./store/port.ts";
import type { Clock } from "./token/clock.ts";

/** How often each is done, in milliseconds. */
const SETTLE_EVERY = 500;
const SWEEP_EVERY = 30_000;

/** How many rows one sweep deletes: few enough that no request waits for it. */
const SWEEP_BATCH = 500;

/** What keeps a node tidy while it serves. */
export interface Chores {
  /** Stops, and resolves once what is under way has ended. */
  stop(): Promise<void>;
}

/** Starts to settle lost refreshes and to delete expired rows, each every now and then. */
export function startChores(store: Store, settlements: Settlements, clock: Clock, logger: Logger): Chores {
  const chores = [
    repeat(SETTLE_EVERY, () => settlements.settleAll(), logger),
    repeat(SWEEP_EVERY, () => sweep(store, clock), logger),
  ];
  return {
    stop: async () => {
      await Promise.all(chores.map((chore) => chore.stop()));
    },
  };
}

/** Deletes all rows whose time is over, in batches between which requests have their turn. */
export async function sweep(store: Store, clock: Clock): Promise<void> {
  while ((await store.sweep(clock.now(), SWEEP_BATCH)) === SWEEP_BATCH) await new Promise(setImmediate);
}

function repeat(milliseconds: number, work: () => Promise<void>, logger: Logger): Chores {
  let underWay: Promise<void> | undefined;
  const timer = setInterval(() => {
    underWay ??= work()
      .catch((err: unknown) => {
        // A store that is away is told to whoever asks for it.
        if (!(err instanceof StoreUnavailableError)) logger.error({ err }, "a chore failed");
      })
      .finally(() => {
        underWay = undefined;
      });
  }, milliseconds);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await underWay;
    },
  };
}
