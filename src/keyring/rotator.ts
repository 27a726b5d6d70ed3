import type { Clock, Instant } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { KeyUse } from "../store/port.ts";
import { type Rotation, type RotationMode, type RotationOrder, UnknownKeyError } from "./port.ts";
import { completeSeals } from "./reseal.ts";
import { appendNext, findRequest, markCompromised, type NextKey, type RotationDependencies } from "./rotation.ts";
import {
  type DueRotation,
  describeKeys,
  dueRotation,
  isOvertaken,
  isReplaced,
  jwksStaleUntil,
  type KeyEntry,
  type KeyringPolicy,
  type KeysRead,
  latestActivated,
  newest,
  timesOfNext,
  withPlanned,
} from "./schedule.ts";
import { oldRowsUntil, type Snapshot } from "./snapshot.ts";
import { warningsOf } from "./warnings.ts";

/** Makes a tenant's keys: by their schedule, and when an operator asks for it. */
export class Rotator {
  readonly #dependencies: RotationDependencies;
  readonly #policy: () => KeyringPolicy;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Whether every seal was once found to bind all that it should: nothing of an earlier version is left then. */
  #wasComplete = false;

  constructor(dependencies: RotationDependencies, policy: () => KeyringPolicy, clock: Clock, logger: Logger) {
    this.#dependencies = dependencies;
    this.#policy = policy;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Reads the keys, and appends what is due. Of many nodes one wins; the others read its key.
   *
   * Throws StoreUnavailableError, and SealError if a stored key does not open.
   */
  async poll(): Promise<void> {
    const snapshot = await this.#readComplete();
    for (const use of ["signing", "refresh"] as const) {
      const now = this.#clock.now();
      // The clock is read for each use: to make the key before may have taken its time.
      const due = dueRotation(snapshot[use], use, this.#policy(), now);
      if (due === undefined) continue;
      const next = this.#next(due, use, undefined);
      const { snapshot: after, isOurs } = await appendNext(this.#dependencies, next, snapshot);
      // Another node was quicker, and says so in its own log.
      if (!isOurs) continue;
      const made = {
        tenant: this.#dependencies.tenant,
        use,
        generation: newest<KeyEntry>(after[use])?.generation,
        due,
      };
      this.#logger.info({ event: "key_made", ...made }, "a key was made by its schedule");
    }
  }

  /** Does what an operator asks for, or plans it. Throws {@link UnknownKeyError} if the named key is none. */
  async rotate(order: RotationOrder): Promise<Rotation> {
    const { use, mode, request } = order;
    const before = await this.#dependencies.reader.read();
    const now = this.#clock.now();
    const next = this.#next(mode, use, request);
    const leaked = mode === "compromised" ? await this.#leakedKey(before, order, now) : undefined;
    if (order.dryRun) return this.#report(order, withPlanned(before, order, leaked, this.#policy(), now), leaked);

    // A rotation that ended before it made the new key is done once any node has made that.
    const isDone =
      (leaked !== undefined && isReplaced(leaked, before[use], now)) || findRequest(before, request) !== undefined;
    if (!isDone && leaked !== undefined) {
      await markCompromised(this.#dependencies.store, leaked);
      // Now, as it is never undone, whatever becomes of the rest.
      const { kid, generation } = leaked;
      this.#logger.warn(
        { event: "key_compromised", tenant: this.#dependencies.tenant, use, generation, kid },
        "a key is compromised",
      );
    }
    const after = isDone ? before : (await appendNext(this.#dependencies, next, before)).snapshot;
    return this.#report(order, after, leaked);
  }

  /** Reads the keys, once their seals bind all that they should. */
  async #readComplete(): Promise<Snapshot> {
    const { tenant, store, sealer, reader } = this.#dependencies;
    const snapshot = await reader.read();
    // Whoever writes old seals back into the store must not begin the time anew in which rows need no MAC.
    const order = { now: this.#clock.now(), refuseOldRows: this.#wasComplete };
    this.#wasComplete ||= isComplete(snapshot);
    if (isComplete(snapshot)) return snapshot;
    const { resealed } = await completeSeals(tenant, store, sealer, order);
    const after = await reader.read();
    this.#wasComplete ||= isComplete(after);
    const until = new Date(oldRowsUntil(after)).toISOString();
    const fields = { event: "keys_resealed", tenant, resealed, oldRowsUntil: until };
    this.#logger.warn(fields, "keys of an earlier version were sealed anew: rows without a MAC are taken until then");
    return after;
  }

  /** The times are told when the row is about to be written: to make and seal a key takes a while. */
  #next(why: RotationMode | DueRotation, use: KeyUse, request: string | undefined): NextKey {
    return { use, request, times: () => timesOfNext(why, use, this.#policy(), this.#clock.now()) };
  }

  /**
   * The key that a compromised rotation is about. "The active one" is written down before it is ended, so that a retry
   * does not take its successor for it.
   */
  async #leakedKey(
    snapshot: Snapshot,
    { use, kid, request, dryRun }: RotationOrder,
    now: Instant,
  ): Promise<KeyEntry | undefined> {
    const keys: readonly KeyEntry[] = snapshot[use];
    if (kid !== undefined) {
      const named = keys.find((key) => nameOf(key) === kid);
      if (named === undefined) throw new UnknownKeyError(kid);
      return named;
    }
    const { meta } = this.#dependencies.store;
    // By the request, so that a retry on any node means the same key.
    const name = `compromised:${request}`;
    const active = latestActivated(keys, now)?.generation ?? 0;
    const generation = (await meta.read(name)) ?? (dryRun ? active : await meta.raise(name, active));
    return keys.find((key) => key.generation === generation);
  }

  #report({ use, request, dryRun }: RotationOrder, read: KeysRead, leaked: KeyEntry | undefined): Rotation {
    const policy = this.#policy();
    const keys = describeKeys(read, use, policy, this.#clock.now());
    const made = findRequest(read, request);
    const staleUntil = made && jwksStaleUntil(made, policy);
    return {
      keys,
      jwksStaleUntil: staleUntil,
      warnings: warningsOf(use, leaked, keys.filter(isOvertaken), staleUntil),
      rotated: !dryRun,
    };
  }
}

/** What an operator calls a key by: its kid, or the generation of a key that has none. */
function nameOf(key: KeyEntry): string {
  return key.kid ?? String(key.generation);
}

function isComplete({ signing, refresh }: Snapshot): boolean {
  return [...signing, ...refresh].every(({ bindsAll }) => bindsAll);
}
