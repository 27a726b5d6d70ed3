import type { Instant } from "../base/clock.ts";
import type { KeyUse } from "../store/port.ts";
import type { RotationMode } from "./port.ts";

/** How long things take around a rotation, all in milliseconds. */
export interface Timing {
  /** For how long a signing key is published before it signs. */
  readonly publishAhead: number;
  /** Until every node has read a new row: two polls, and what clocks differ. */
  readonly readByAll: number;
  /** For how long a node may go on with keys that it read. */
  readonly maxStaleness: number;
  /** For how long a verifier may keep the JWKS. */
  readonly jwksMaxAge: number;
  readonly maxClockSkew: number;
}

/** From when a key that is made now is the one to use. */
export function activation(mode: RotationMode, use: KeyUse, timing: Timing, now: Instant): Instant {
  // Whatever the clock of the node that reads it: there is no other key to use.
  if (mode === "compromised") return now - timing.maxClockSkew;
  return now + (mode === "graceful" ? lead(use, timing) : timing.readByAll);
}

/** For how long a key is known before it is used, when nothing is urgent. No verifier caches the keys of refresh tokens. */
export function lead(use: KeyUse, timing: Timing): number {
  return use === "signing" ? timing.publishAhead : timing.readByAll;
}

/** Until when a verifier with a cached JWKS may lack a key that is made now; undefined where none meets its tokens before. */
export function jwksStaleUntil(use: KeyUse, activateAt: Instant, timing: Timing, now: Instant): Instant | undefined {
  const everywhere = now + timing.maxStaleness + timing.jwksMaxAge + timing.maxClockSkew;
  return use === "signing" && activateAt < everywhere ? everywhere : undefined;
}

/** What a key that was cut leaves alive. */
const UNREACHED: Readonly<Record<KeyUse, readonly string[]>> = {
  signing: [
    "Verifiers that do not introspect accept its tokens until they fetch the JWKS again.",
    "Reference tokens and refresh tokens are not signed with it and stay alive. RevokeClient ends those of a client.",
  ],
  refresh: [
    "Access tokens that were minted with its refresh tokens stay alive until they expire. RevokeClient ends those of a client.",
  ],
};

/** What an operator should know of a rotation. `leaked`: the key that it cut; `overtaken`: those that will never be used. */
export function warningsOf(
  use: KeyUse,
  leaked: { readonly generation: number } | undefined,
  overtaken: readonly { readonly generation: number }[],
  staleUntil: Instant | undefined,
): readonly string[] {
  const warnings: string[] = [];
  const what = use === "signing" ? "signing key" : "refresh token key";
  if (leaked !== undefined) {
    warnings.push(`Every token that the ${what} ${leaked.generation} made is inactive, and that is never undone.`);
    warnings.push(...UNREACHED[use]);
  }
  if (staleUntil !== undefined) {
    warnings.push(
      `A verifier with a cached JWKS may not know the new key until ${new Date(staleUntil).toISOString()}.`,
    );
  }
  for (const { generation } of overtaken)
    warnings.push(`The pending ${what} ${generation} is overtaken and will never be used.`);
  return warnings;
}
