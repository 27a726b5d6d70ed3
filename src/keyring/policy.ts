import type { Instant } from "../base/clock.ts";
import type { KeyUse } from "../store/port.ts";
import { lead, type Timing } from "./plan.ts";
import type { KeyDescription, SigningAlgorithm } from "./port.ts";
import { type RotationRules, schedule } from "./schedule.ts";
import type { KeyEntry, Snapshot } from "./snapshot.ts";

/** How a tenant's keys follow one another: all times in milliseconds. */
export interface KeyringPolicy {
  readonly algorithm: SigningAlgorithm;
  readonly rotateEvery: { readonly [use in KeyUse]: number };
  readonly timing: Timing;
}

/** When the keys of one use follow one another by themselves. */
export function rulesOf(use: KeyUse, { algorithm, rotateEvery, timing }: KeyringPolicy): RotationRules {
  return {
    algorithm: use === "signing" ? algorithm : "HS256",
    rotateEvery: rotateEvery[use],
    ahead: lead(use, timing),
  };
}

/**
 * For how long a key is needed once its successor takes over, in milliseconds: a node that has not read the successor yet
 * may still use it, and what it makes then lives for the longest lifetime ever configured.
 */
export function keepFor({ longest }: Snapshot, use: KeyUse, { maxStaleness, maxClockSkew }: Timing): number {
  return maxStaleness + (use === "signing" ? longest.jwt : longest.grant) * 1000 + 2 * maxClockSkew;
}

/** Keys of one use as operators see them. `keptFor`: see {@link keepFor}. */
export function describeKeys(keys: readonly KeyEntry[], keptFor: number, now: Instant): readonly KeyDescription[] {
  return schedule(keys, keptFor, now).map(({ key, state, retireAt, removeAt }) => ({
    kid: key.kid,
    use: key.use,
    generation: key.generation,
    algorithm: key.algorithm,
    state,
    createdAt: key.createdAt,
    activateAt: key.activateAt,
    retireAt,
    removeAt,
  }));
}
