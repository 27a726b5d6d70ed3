import type { CryptoKey } from "jose";
import type { Clock, Instant } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { FetchJson } from "./fetch-json.ts";
import { fetchKeySet, type KeyHint, type KeySet, type KeySource } from "./key-set.ts";
import { AuthorityUnavailableError } from "./port.ts";

/** What fetching keys needs. */
export interface AuthorityDependencies {
  readonly fetch: FetchJson;
  /** Tells how old the keys are. */
  readonly clock: Clock;
  readonly logger: Logger;
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** Keys of this age are fetched again before they are used: so long lives a key that the issuer has withdrawn. */
const MAX_AGE = HOUR;
/** Keys of this age are not used any more, even if the issuer has been dead all the while. */
const MAX_STALE_AGE = 24 * HOUR;
/** From one fetch that an unknown key caused to the next. */
const UNKNOWN_KEY_FLOOR = 30 * SECOND;
/** From the end of a fetch that failed to the next one. */
const FAILURE_FLOOR = 10 * SECOND;

interface Held {
  readonly keys: KeySet;
  readonly fetchedAt: Instant;
}

/**
 * The keys of one issuer, fetched when they are first needed and kept.
 *
 * Whoever brings tokens decides how often a key is unknown, so that alone may cause no more than one fetch in 30 s. The
 * first unknown key is looked for at once, however fresh the keys are: a rotation is picked up by the first token that
 * shows it. Until the floor is over, the fresh keys have the last word and another unknown key is none; if the issuer
 * could not be asked, nobody knows. While it fails it is asked every 10 s at most, by one caller, for all of them.
 */
export class IssuerKeys {
  readonly #source: KeySource;
  readonly #dependencies: AuthorityDependencies;
  #held: Held | undefined;
  /** The fetch that is under way. */
  #pending: Promise<Held> | undefined;
  /** Why the last fetch failed, and when; undefined if it did not. */
  #failure: { readonly error: AuthorityUnavailableError; readonly at: Instant } | undefined;
  #nextForUnknownKey: Instant = 0;

  constructor(source: KeySource, dependencies: AuthorityDependencies) {
    this.#source = source;
    this.#dependencies = dependencies;
  }

  /** The issuer's key, or undefined if it has none such. Rejects with {@link AuthorityUnavailableError}. */
  async find(hint: KeyHint): Promise<CryptoKey | undefined> {
    const before = this.#held;
    const held = await this.#upToDate();
    const key = await held.keys.find(hint);
    if (key !== undefined || held !== before) return key;
    return (await this.#againForUnknownKey(held)).keys.find(hint);
  }

  async #upToDate(): Promise<Held> {
    const held = this.#held;
    const age = held === undefined ? Number.POSITIVE_INFINITY : this.#dependencies.clock.now() - held.fetchedAt;
    if (held !== undefined && age < MAX_AGE) return held;
    try {
      return await this.#fetch();
    } catch (error) {
      if (held !== undefined && age < MAX_STALE_AGE) return held;
      throw error;
    }
  }

  async #againForUnknownKey(held: Held): Promise<Held> {
    const now = this.#dependencies.clock.now();
    const settled = this.#pending === undefined && this.#failure === undefined;
    if (settled && now < this.#nextForUnknownKey) return this.#held ?? held;
    this.#nextForUnknownKey = now + UNKNOWN_KEY_FLOOR;
    return this.#fetch();
  }

  async #fetch(): Promise<Held> {
    const failure = this.#failure;
    if (failure !== undefined && this.#dependencies.clock.now() < failure.at + FAILURE_FLOOR) throw failure.error;
    this.#pending ??= this.#load().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #load(): Promise<Held> {
    const { fetch, clock, logger } = this.#dependencies;
    const fetchedAt = clock.now();
    try {
      const held = { keys: await fetchKeySet(this.#source, fetch), fetchedAt };
      this.#held = held;
      this.#failure = undefined;
      return held;
    } catch (cause) {
      const error =
        cause instanceof AuthorityUnavailableError
          ? cause
          : new AuthorityUnavailableError("The request failed.", { cause });
      this.#failure = { error, at: clock.now() };
      logger.warn(
        { issuer: this.#source.issuer, reason: error.message },
        "the keys of an authority could not be fetched",
      );
      throw error;
    }
  }
}
