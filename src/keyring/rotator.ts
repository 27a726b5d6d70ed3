import type { Clock, Instant } from "../base/clock.ts";
import type { KeyUse } from "../store/port.ts";
import type { Emit } from "../telemetry/events.ts";
import { sizeWarning } from "./algorithms.ts";
import { dueRotation } from "./due.ts";
import {
  type Rotation,
  type RotationMode,
  type RotationOrder,
  type SigningAlgorithm,
  UnknownKeyError,
} from "./port.ts";
import { completeSeals } from "./reseal.ts";
import { appendNext, findRequest, markCompromised, type NextKey, type RotationDependencies } from "./rotation.ts";
import {
  type DueRotation,
  describeKeys,
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

/** What a node remembers of a tenant's seals for as long as it runs. */
export interface SealsSeen {
  /** Whether every seal has once been seen to bind everything: no seal of an earlier version can be genuine after that. */
  wasComplete: boolean;
}

/** Makes a tenant's keys: on schedule, and on an operator's request. */
export class Rotator {
  readonly #dependencies: RotationDependencies;
  readonly #policy: () => KeyringPolicy;
  readonly #clock: Clock;
  readonly #emit: Emit;
  readonly #seals: SealsSeen;

  constructor(
    dependencies: RotationDependencies,
    policy: () => KeyringPolicy,
    clock: Clock,
    emit: Emit,
    seals: SealsSeen,
  ) {
    this.#dependencies = dependencies;
    this.#seals = seals;
    this.#policy = policy;
    this.#clock = clock;
    this.#emit = emit;
  }

  /**
   * Reads the keys, and appends those that are due. Of many nodes one wins, and the others read its key.
   *
   * Throws StoreUnavailableError, and SealError if a stored key does not open.
   */
  async poll(): Promise<void> {
    const snapshot = await this.#readComplete();
    for (const use of ["signing", "refresh"] as const) {
      const now = this.#clock.now();
      // Read for each use: making the previous key may have taken a while.
      const due = dueRotation(snapshot[use], use, this.#policy(), now);
      if (due === undefined) continue;
      const next = this.#next(due, use, undefined);
      const { snapshot: after, isOurs } = await appendNext(this.#dependencies, next, snapshot);
      // Another node was faster, and has told of it.
      if (!isOurs) continue;
      const { generation } = newest<KeyEntry>(after[use]) ?? {};
      this.#emit({ event: "key_made", tenant: this.#dependencies.tenant, use, generation, due });
    }
  }

  /**
   * Does what an operator asks for, or says what that would do. Throws {@link UnknownKeyError} if the tenant has no
   * such key. `emit` tells of a compromised key.
   */
  async rotate(order: RotationOrder, emit: Emit): Promise<Rotation> {
    const { use, mode, request } = order;
    const before = await this.#dependencies.reader.read();
    const now = this.#clock.now();
    const next = this.#next(mode, use, request);
    const leaked = mode === "compromised" ? await this.#leakedKey(before, order, now) : undefined;
    if (order.dryRun) return this.#report(order, withPlanned(before, order, leaked, this.#policy(), now), leaked);

    // A rotation that was interrupted before it made the new key counts as done once any node has made that key.
    const isDone =
      (leaked !== undefined && isReplaced(leaked, before[use], now)) || findRequest(before, request) !== undefined;
    if (!isDone && leaked !== undefined) {
      await markCompromised(this.#dependencies.store, leaked);
      // Told before the new key is made: this cannot be undone, even if the rest fails.
      const { kid, generation } = leaked;
      emit({ event: "key_compromised", tenant: this.#dependencies.tenant, use, generation, kid });
    }
    const after = isDone ? before : (await appendNext(this.#dependencies, next, before)).snapshot;
    return this.#report(order, after, leaked);
  }

  /** Reads the keys, and reseals those of an earlier version. */
  async #readComplete(): Promise<Snapshot> {
    const { tenant, store, sealer, reader } = this.#dependencies;
    const snapshot = await reader.read();
    // Somebody who writes old seals back into the store must not reopen the time in which rows need no MAC.
    const order = { now: this.#clock.now(), refuseOldRows: this.#seals.wasComplete };
    this.#seals.wasComplete ||= isComplete(snapshot);
    if (isComplete(snapshot)) return snapshot;
    const { resealed } = await completeSeals(tenant, store, sealer, order);
    const after = await reader.read();
    this.#seals.wasComplete ||= isComplete(after);
    const until = new Date(oldRowsUntil(after)).toISOString();
    this.#emit({ event: "keys_resealed", tenant, resealed, oldRowsUntil: until });
    return after;
  }

  /** Reads the clock only when the row is about to be written: making and sealing a key takes a while. */
  #next(why: RotationMode | DueRotation, use: KeyUse, request: string | undefined): NextKey {
    return { use, request, times: () => timesOfNext(why, use, this.#policy(), this.#clock.now()) };
  }

  /**
   * The key that a compromised rotation is about. "The active one" is recorded before it is marked, so that a retry
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
    // Named after the request, so that a retry on any node means the same key.
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
    const size = made && use === "signing" ? sizeWarning(made.algorithm as SigningAlgorithm) : undefined;
    return {
      keys,
      jwksStaleUntil: staleUntil,
      warnings: warningsOf(use, leaked, keys.filter(isOvertaken), staleUntil, size),
      rotated: !dryRun,
    };
  }
}

/** How an operator names a key: by its kid, or by its generation if it has none. */
function nameOf(key: KeyEntry): string {
  return key.kid ?? String(key.generation);
}

function isComplete({ signing, refresh }: Snapshot): boolean {
  return [...signing, ...refresh].every(({ bindsAll }) => bindsAll);
}
