import { type Clock, ClockOffError, type Instant, type Machine } from "../base/clock.ts";
import { type MetaStore, NO_TENANT, type Store, StoreUnavailableError, StoreUnusableError } from "../store/port.ts";
import type { Emit } from "../telemetry/events.ts";
import { type Ceiling, readCeiling } from "./ceiling.ts";

/**
 * How far ahead of the clock the ceiling is raised, in milliseconds: far enough that few requests wait for the write.
 */
export const AHEAD = 1_000;

/** How far two clocks of one machine may seem apart because they are not read at the same instant, in milliseconds. */
const READ_APART = 100;

/** How often a starting process checks a clock that is off again, in milliseconds. */
const LOOK_AGAIN = 1_000;

/** One reading of the clock. */
export interface Reading {
  /** What time it is: lifetimes and expiry are judged and written by it. */
  readonly now: Instant;
  /**
   * The time of issue that new tokens bear, which a revocation compares with its own. It equals `now`, or is earlier
   * while the ceiling cannot be written; a revocation that another process writes in the meantime may then end the
   * token too.
   */
  readonly issuedAt: Instant;
}

/** What an issuing clock needs. */
interface IssuingClockDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly emit: Emit;
  /**
   * The most that the clock may be behind the latest time of issue for a start to wait until it has caught up, in
   * milliseconds.
   */
  readonly maxClockLag: number;
  /** How long a start waits for a clock that is too far from the store's, in milliseconds. */
  readonly startTimeout: number;
  /**
   * Whether the process starts even if its clock is behind the latest time of issue. {@link IssuingClock.read} and
   * {@link IssuingClock.cover} then throw until it has caught up.
   */
  readonly mayBeBehind?: boolean | undefined;
}

/**
 * Gives tokens their time of issue. A revocation ends every token up to its time, so a process whose clock is behind
 * the tokens that exist (its own of an earlier run, or another process's) would miss some. Therefore the store keeps a
 * ceiling that no time of issue exceeds. It is raised ahead of the clock, about once a second while tokens are issued,
 * and no process starts before its clock has passed it.
 */
export class IssuingClock {
  readonly #meta: MetaStore;
  /** The ceiling's name. */
  readonly #name: string;
  readonly #forgotten: Ceiling["forgotten"];
  readonly #clock: Clock;
  readonly #emit: Emit;
  /** The most that the ceiling can be ahead of a correct clock. */
  readonly #margin: number;
  /**
   * Whether the store's own clock also exposes a clock that was set back, so that the ceiling is not the only
   * safeguard.
   */
  readonly #isVouchedFor: boolean;
  #ceiling: Instant = 0;
  #raising: Promise<void> | undefined;
  /** Whether the last attempt to raise the ceiling failed. */
  #isStoreAway = false;
  #isBehind = false;

  private constructor({ store, clock, emit }: IssuingClockDependencies, { name, told, forgotten }: Ceiling) {
    this.#meta = store.forTenant(NO_TENANT).meta;
    this.#name = name;
    this.#forgotten = forgotten;
    this.#ceiling = told;
    this.#clock = clock;
    this.#emit = emit;
    this.#isVouchedFor = store.isClockOff !== undefined;
    this.#margin = AHEAD + 4 * store.maxClockSkew + READ_APART;
  }

  /**
   * Waits until the clock is right and has passed every time of issue in the store. Throws {@link StoreUnusableError}
   * if that takes too long, and StoreUnavailableError.
   */
  static async open(dependencies: IssuingClockDependencies): Promise<IssuingClock> {
    const { store, clock, emit, maxClockLag, mayBeBehind = false } = dependencies;
    const ceiling = await readCeiling(store);
    const { told } = ceiling;
    const issuingClock = new IssuingClock(dependencies, ceiling);
    if (mayBeBehind) return issuingClock;
    await waitUntilRight(dependencies);
    const lag = told - clock.now();
    // A correct clock can be behind the ceiling by the margin.
    if (lag > Math.max(maxClockLag, issuingClock.#margin)) throw new StoreUnusableError(tooFarBehind(told, lag));
    if (lag > AHEAD) emit({ event: "clock_awaited", lag });
    await clock.past(told);
    // A store that cannot be written would leave this process without a ceiling: it must not start.
    await issuingClock.#raise(clock.now() + AHEAD);
    issuingClock.#assertWritten();
    return issuingClock;
  }

  /**
   * Reads the clock for whatever is issued now. Throws {@link ClockOffError} while another process's clock is ahead of
   * this one's.
   */
  async read(): Promise<Reading> {
    const now = this.#clock.now();
    if (now > this.#ceiling - AHEAD / 2) await this.#raiseFor(now);
    this.#assertNotBehind();
    // If the ceiling could not be raised, a token issued at the ceiling is still covered by it.
    return { now, issuedAt: this.#isVouchedFor ? now : Math.min(now, this.#ceiling) };
  }

  /**
   * Whether a revocation of this token or grant may have been deleted too soon: by a clock that was ahead, and that an
   * operator has had forgotten since.
   */
  mayLackRevocation(issuedAt: Instant, expiresAt: Instant): boolean {
    return issuedAt <= this.#forgotten.at && expiresAt <= this.#forgotten.upTo;
  }

  /**
   * Makes it durable that tokens may be issued up to this time, and checks that no other process is ahead: call it
   * before writing a revocation up to it. Throws {@link ClockOffError} if one is, and StoreUnavailableError.
   */
  async cover(issuedAt: Instant): Promise<void> {
    // A raise under way may aim lower. One millisecond more, so that the next token can be later than the revocation.
    await this.#raising;
    await this.#raise(issuedAt + 1);
    this.#assertWritten();
    if (this.#ceiling <= issuedAt) return this.cover(issuedAt);
    this.#assertNotBehind();
  }

  /** Throws {@link ClockOffError} if the clock is known not to be right. Asks and writes nothing. */
  assertRight(): void {
    this.#assertNotBehind();
  }

  #assertWritten(): void {
    if (this.#isStoreAway) throw new StoreUnavailableError("The latest time of issue could not be written.");
  }

  #assertNotBehind(): void {
    const lag = this.#ceiling - this.#clock.now();
    const isBehind = lag > this.#margin;
    if (isBehind !== this.#isBehind) {
      this.#isBehind = isBehind;
      this.#emit({ event: isBehind ? "clock_behind" : "clock_caught_up", lag });
    }
    if (isBehind) throw new ClockOffError("This process's clock is behind another's.");
  }

  /**
   * Requests wait only if the ceiling is already too low; and not for an unreachable store if its own clock vouches for
   * this one.
   */
  async #raiseFor(now: Instant): Promise<void> {
    const mustWait = now > this.#ceiling && !(this.#isVouchedFor && this.#isStoreAway);
    const raising = this.#raise(now + AHEAD);
    if (!mustWait) {
      // Nobody waits for this one: without a handler a failure would end the process as an unhandled rejection.
      raising.catch(() => undefined);
      return;
    }
    await raising;
    // A raise that was already under way may have aimed lower.
    while (now > this.#ceiling && !this.#isStoreAway) await this.#raise(now + AHEAD);
  }

  #raise(to: Instant): Promise<void> {
    // One write at a time: a busy second costs one write, not one per request.
    this.#raising ??= this.#write(to).finally(() => {
      this.#raising = undefined;
    });
    return this.#raising;
  }

  async #write(to: Instant): Promise<void> {
    try {
      // The store answers with its own number, which another process may have raised higher.
      this.#ceiling = Math.max(this.#ceiling, await this.#meta.raise(this.#name, to));
      this.#isStoreAway = false;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.#isStoreAway = true;
    }
  }
}

/** Waits while the clock is known to be off. Throws {@link StoreUnusableError} if that takes too long. */
async function waitUntilRight({ clock, machine, startTimeout }: IssuingClockDependencies): Promise<void> {
  for (let waited = 0; isOff(clock); waited += LOOK_AGAIN) {
    if (waited >= startTimeout)
      throw new StoreUnusableError("The machine's clock is too far from the store's: correct it.");
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
    `The machine's clock is ${Math.ceil(lag / 1000)} s behind the latest time that tokens of this store were issued ` +
    `(${new Date(told).toISOString()}): a revocation would miss some of them. Correct the clock. If it is right ` +
    "and was ahead before, set MINTMARK_MAX_CLOCK_LAG to at least that long, and the start waits until the clock has caught up; " +
    "or stop all nodes and run mintmark accept-clock."
  );
}
