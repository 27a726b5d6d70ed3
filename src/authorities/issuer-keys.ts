import type { CryptoKey } from "jose";
import type { Clock, Instant } from "../base/clock.ts";
import type { Emit } from "../telemetry/events.ts";
import type { FetchJson } from "./fetch-json.ts";
import { fetchKeySet, type KeyHint, type KeySet, type RemoteKeys, urlOf } from "./key-set.ts";
import { AuthorityUnavailableError } from "./port.ts";

/** What fetching keys needs. */
export interface AuthorityDependencies {
  readonly fetch: FetchJson;
  /** Tells the age of the keys. */
  readonly clock: Clock;
  readonly emit: Emit;
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** Keys of this age are fetched again before use, so a key that the issuer withdraws is accepted for no longer. */
const MAX_AGE = HOUR;
/** Keys of this age are no longer used, even if the issuer has been down all the while. */
const MAX_STALE_AGE = 24 * HOUR;
/** The least time between two fetches that unknown keys cause. */
const UNKNOWN_KEY_FLOOR = 30 * SECOND;
/** The least time between a failed fetch and the next one. */
const FAILURE_FLOOR = 10 * SECOND;

interface Held {
  readonly keys: KeySet;
  readonly fetchedAt: Instant;
}

/**
 * The keys of one issuer, fetched when they are first needed and kept.
 *
 * Whoever sends tokens decides how often a key is unknown, so unknown keys cause at most one fetch in 30 s. The first
 * one is looked up at once, however fresh the keys are, so the first token after a rotation finds the new key. For the
 * next 30 s the fetched keys are final, and an unknown key does not exist; if that fetch failed, an unknown key is an
 * error instead, as nobody knows. While fetching fails, the issuer is asked at most every 10 s, once for all callers.
 */
export class IssuerKeys {
  readonly #source: RemoteKeys;
  readonly #dependencies: AuthorityDependencies;
  #held: Held | undefined;
  /** The fetch under way, which all callers share. */
  #pending: Promise<Held> | undefined;
  /** Why and when the last fetch failed; undefined if it succeeded. */
  #failure: { readonly error: AuthorityUnavailableError; readonly at: Instant } | undefined;
  #nextForUnknownKey: Instant = 0;

  constructor(source: RemoteKeys, dependencies: AuthorityDependencies) {
    this.#source = source;
    this.#dependencies = dependencies;
  }

  /** The issuer's key, or undefined if it has no such key. Rejects with {@link AuthorityUnavailableError}. */
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
    const { fetch, clock, emit } = this.#dependencies;
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
      emit({ event: "authority_unavailable", issuer: urlOf(this.#source), reason: error.message });
      throw error;
    }
  }
}
