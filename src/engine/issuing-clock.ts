import { type Clock, ClockOffError, type Instant, type Machine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { type MetaStore, NO_TENANT, type Store, StoreUnavailableError, StoreUnusableError } from "../store/port.ts";

/** The number in the store above which no moment was ever told: no token has one that is later. */
const CEILING = "latestMoment";

/** Counts how often an operator has had the ceiling forgotten: each time there is a new one. */
const FORGOTTEN = "latestMomentForgotten";

/** How far ahead of the clock the ceiling is raised, in milliseconds: far enough that few requests wait for it. */
export const AHEAD = 1_000;

/** How far two clocks of one machine may seem apart, as they are read one after the other, in milliseconds. */
const READ_APART = 100;

/** How often a clock that is off is looked at again when a process starts, in milliseconds. */
const LOOK_AGAIN = 1_000;

/** One reading of the clock. */
export interface Reading {
  /** What time it is: when things begin and end is judged and written by it. */
  readonly now: Instant;
  /**
   * The moment that what is made now bears, by which a revocation decides whether it came before. It is `now`, or
   * earlier while nothing can be written: then a revocation that another process writes meanwhile may end it too.
   */
  readonly issuedAt: Instant;
}

/** What opening moments needs. */
interface IssuingClockDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly logger: Logger;
  /** How far the clock may be behind what was told before for a start to wait until it is past that, in milliseconds. */
  readonly maxClockLag: number;
  /** For how long a start waits for a clock that is too far from the store's, in milliseconds. */
  readonly startTimeout: number;
}

/**
 * The moments that tokens bear. A revocation ends what is as old as it, so a process whose clock is behind what was told
 * before, by itself in an earlier run or by another process, would miss tokens. So the store keeps a ceiling that no
 * told moment is ever above: it is raised ahead of the clock, about once a second while tokens are made, and no process
 * starts before its clock is past it.
 */
export class IssuingClock {
  readonly #meta: MetaStore;
  /** The ceiling's name. */
  readonly #name: string;
  readonly #clock: Clock;
  /** How far the ceiling can be ahead of a clock that is right. */
  readonly #margin: number;
  /** Whether a clock that is set back is noticed by the store's own, so that the ceiling is not all there is. */
  readonly #isVouchedFor: boolean;
  #ceiling: Instant = 0;
  #raising: Promise<void> | undefined;
  /** Whether the last try to raise the ceiling failed. */
  #isStoreAway = false;

  private constructor(store: Store, name: string, clock: Clock) {
    this.#meta = store.forTenant(NO_TENANT).meta;
    this.#name = name;
    this.#clock = clock;
    this.#isVouchedFor = store.isClockOff !== undefined;
    this.#margin = AHEAD + 4 * store.maxClockSkew + READ_APART;
  }

  /**
   * Waits until the clock is right, and past all that was ever told. Throws {@link StoreUnusableError} if that takes too
   * long, and StoreUnavailableError.
   */
  static async open(dependencies: IssuingClockDependencies): Promise<IssuingClock> {
    const { store, clock, logger, maxClockLag } = dependencies;
    const { name, told } = await readCeiling(store);
    const moments = new IssuingClock(store, name, clock);
    await waitUntilRight(dependencies);
    const lag = told - clock.now();
    if (lag > maxClockLag) throw new StoreUnusableError(tooFarBehind(told, lag));
    if (lag > AHEAD)
      logger.warn({ lag }, "the machine's clock is behind what was told before: the start waits until it is past that");
    await clock.past(told);
    await moments.#raise(clock.now() + AHEAD);
    moments.#assertWritten();
    return moments;
  }

  /**
   * Reads the clock, for what bears the moment. Throws {@link ClockOffError} while another process's is ahead of this
   * one's.
   */
  async read(): Promise<Reading> {
    const now = this.#clock.now();
    if (now > this.#ceiling - AHEAD / 2) await this.#raiseFor(now);
    this.#assertNotBehind();
    return { now, issuedAt: this.#isVouchedFor ? now : Math.min(now, this.#ceiling) };
  }

  /**
   * Before a revocation bears a moment: resolves once it is durable that this moment may have been told, and no other
   * process is ahead of this one. Throws {@link ClockOffError} otherwise, and StoreUnavailableError.
   */
  async cover(moment: Instant): Promise<void> {
    // A raise that is under way may have been for less. One more, so that what is minted next can be later.
    await this.#raising;
    await this.#raise(moment + 1);
    this.#assertWritten();
    if (this.#ceiling <= moment) return this.cover(moment);
    this.#assertNotBehind();
  }

  #assertWritten(): void {
    if (this.#isStoreAway) throw new StoreUnavailableError("The latest moment could not be written.");
  }

  #assertNotBehind(): void {
    if (this.#ceiling > this.#clock.now() + this.#margin)
      throw new ClockOffError("The clock is behind another process's.");
  }

  /** Nobody waits ahead of need, nor for a store that is away if its own clock vouches for this one. */
  async #raiseFor(now: Instant): Promise<void> {
    const mustWait = now > this.#ceiling && !(this.#isVouchedFor && this.#isStoreAway);
    const raising = this.#raise(now + AHEAD);
    if (!mustWait) {
      raising.catch(() => undefined);
      return;
    }
    await raising;
    // One that was under way already may have been for less.
    while (now > this.#ceiling && !this.#isStoreAway) await this.#raise(now + AHEAD);
  }

  #raise(to: Instant): Promise<void> {
    this.#raising ??= this.#write(to).finally(() => {
      this.#raising = undefined;
    });
    return this.#raising;
  }

  async #write(to: Instant): Promise<void> {
    try {
      this.#ceiling = Math.max(this.#ceiling, await this.#meta.raise(this.#name, to));
      this.#isStoreAway = false;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.#isStoreAway = true;
    }
  }
}

/**
 * Has the next start of every process begin with the machine's clock, however far that is behind what was told before:
 * for a clock that was so far ahead that nobody can wait. Resolves to what is forgotten, if anything was told. Throws
 * StoreUnavailableError.
 */
export async function forgetCeiling(store: Store): Promise<Instant | undefined> {
  const { told, forgotten } = await readCeiling(store);
  if (told > 0) await store.forTenant(NO_TENANT).meta.raise(FORGOTTEN, forgotten + 1);
  return told > 0 ? told : undefined;
}

async function readCeiling(store: Store) {
  const { meta } = store.forTenant(NO_TENANT);
  const forgotten = (await meta.read(FORGOTTEN)) ?? 0;
  const name = forgotten === 0 ? CEILING : `${CEILING}.${forgotten}`;
  return { name, forgotten, told: (await meta.read(name)) ?? 0 };
}

/** Waits while the clock is known to be off. Throws {@link StoreUnusableError} once that took too long. */
async function waitUntilRight({ clock, machine, startTimeout }: IssuingClockDependencies): Promise<void> {
  for (let waited = 0; isOff(clock); waited += LOOK_AGAIN) {
    if (waited >= startTimeout)
      throw new StoreUnusableError("The machine's clock is too far from the store's: set it right.");
    await machine.sleep(LOOK_AGAIN);
  }
}

function isOff(clock: Clock): boolean {
  try {
    clock.now();
    return false;
  } catch (error) {
    if (error instanceof ClockOffError) return true;
    throw error;
  }
}

function tooFarBehind(told: Instant, lag: number): string {
  return (
    `The machine's clock is ${Math.ceil(lag / 1000)} s behind the latest moment that was told from this store ` +
    `(${new Date(told).toISOString()}): a revocation would miss what was made since. Set the clock right. If it is right, ` +
    "and was ahead before, set MINTMARK_MAX_CLOCK_LAG to at least that long, and the start waits until the clock is past it; " +
    "or stop all nodes and run mintmark accept-clock."
  );
}
