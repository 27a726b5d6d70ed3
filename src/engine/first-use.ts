import { hash } from "node:crypto";
import type { Clock, Instant } from "../base/clock.ts";
import type { TenantStore } from "../store/port.ts";

/** Where nodes tell one another what was used. */
export interface Uses {
  readonly store: Pick<TenantStore, "tallies">;
  readonly clock: Clock;
  /** The most by which the clocks of two nodes may differ, in milliseconds. */
  readonly maxClockSkew: number;
}

/** What may be used once. */
export interface Single {
  /** What it is, and whose: everything that has the same parts is the same. */
  readonly name: readonly string[];
  /** From when on this node does not accept it any more. */
  readonly acceptedUntil: Instant;
}

/**
 * Marks something as used, on all nodes that share the store, and tells whether this was its first use and still in time. Of
 * several at the same moment one is the first.
 *
 * Throws StoreUnavailableError: it may be marked then, or not.
 */
export async function useOnce(
  { store, clock, maxClockSkew }: Uses,
  { name, acceptedUntil }: Single,
): Promise<"used before" | "expired" | undefined> {
  const id = `used ${hash("sha256", JSON.stringify(name), "base64url")}`;
  // A node whose clock is behind accepts it for longer than one whose clock is ahead, and which deletes the row.
  const [uses] = await store.tallies.add([{ id, by: 1, expiresAt: acceptedUntil + maxClockSkew }]);
  if (uses !== 1) return "used before";
  // While the store took its time, the row of an earlier use may have been deleted. It is too late by then.
  return clock.now() < acceptedUntil ? undefined : "expired";
}
