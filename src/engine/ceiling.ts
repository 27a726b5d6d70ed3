import type { Instant } from "../base/clock.ts";
import { NO_TENANT, type Store } from "../store/port.ts";

/** The name of the ceiling in the store: no token is issued at a later time. */
const CEILING = "latestMoment";

/** Counts how often an operator has reset the ceiling. Each reset starts a new one, as stored numbers only grow. */
const FORGOTTEN = "latestMomentForgotten";

/** When the last reset was, and the highest ceiling that was ever given up. */
const FORGOTTEN_AT = "latestMomentForgottenAt";
const FORGOTTEN_UP_TO = "latestMomentForgottenUpTo";

/** The tokens and grants whose revocations a clock that was ahead may have deleted too soon. */
interface Forgotten {
  /** When an operator last reset the ceiling: what was issued later is not affected. */
  readonly at: Instant;
  /** What expires later had not expired by the clock that was ahead, so its revocations are still there. */
  readonly upTo: Instant;
}

/** The ceiling as the store has it. */
export interface Ceiling {
  readonly name: string;
  /** No token has a later time of issue. */
  readonly told: Instant;
  /** How often the ceiling was reset. */
  readonly times: number;
  readonly forgotten: Forgotten;
}

/** Reads the current ceiling. Throws StoreUnavailableError. */
export async function readCeiling(store: Store): Promise<Ceiling> {
  const { meta } = store.forTenant(NO_TENANT);
  const read = async (name: string) => (await meta.read(name)) ?? 0;
  const times = await read(FORGOTTEN);
  const name = times === 0 ? CEILING : `${CEILING}.${times}`;
  const forgotten = { at: await read(FORGOTTEN_AT), upTo: await read(FORGOTTEN_UP_TO) };
  return { name, told: await read(name), times, forgotten };
}

/**
 * Makes the next start of every process trust the machine's clock, which says `now`, however far it is behind the newest
 * token: for a clock that was so far ahead that nobody can wait. What was issued by `now` and had expired by the clock that
 * was ahead is dead from then on, as its revocations may be gone. Resolves to the ceiling that is given up, or undefined
 * if there was none. Throws StoreUnavailableError.
 */
export async function forgetCeiling(store: Store, now: Instant): Promise<Instant | undefined> {
  const { told, times } = await readCeiling(store);
  if (told === 0) return undefined;
  const { meta } = store.forTenant(NO_TENANT);
  // The ceiling goes last: after a crash in between, the store still waits for the operator.
  await meta.raise(FORGOTTEN_UP_TO, told);
  await meta.raise(FORGOTTEN_AT, now);
  await meta.raise(FORGOTTEN, times + 1);
  return told;
}
