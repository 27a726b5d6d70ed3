import type { Instant } from "../base/clock.ts";
import type { KeyUse } from "../store/port.ts";

/** What stays active although the key is compromised. */
const UNREACHED: Readonly<Record<KeyUse, readonly string[]>> = {
  signing: [
    "Verifiers that do not introspect accept its tokens until they fetch the JWKS again.",
    "Reference tokens and refresh tokens are not signed with it and stay active. RevokeClient revokes those of a client.",
  ],
  refresh: [
    "Access tokens that were minted with its refresh tokens stay active until they expire. RevokeClient revokes those of a client.",
  ],
};

/**
 * What an operator should know about a rotation. `leaked`: the key that it marked compromised; `overtaken`: keys that
 * will never be used; `staleUntil`: until when a verifier with a cached JWKS may lack the new key; `size`: of the new key's
 * signatures.
 */
export function warningsOf(
  use: KeyUse,
  leaked: { readonly generation: number } | undefined,
  overtaken: readonly { readonly generation: number }[],
  staleUntil: Instant | undefined,
  size: string | undefined,
): readonly string[] {
  const warnings: string[] = [];
  const what = use === "signing" ? "signing key" : "refresh key";
  if (leaked !== undefined) {
    warnings.push(`Every token that the ${what} ${leaked.generation} made is permanently inactive.`);
    warnings.push(...UNREACHED[use]);
  }
  if (staleUntil !== undefined) {
    warnings.push(
      `A verifier with a cached JWKS may not know the new key until ${new Date(staleUntil).toISOString()}.`,
    );
  }
  if (size !== undefined) warnings.push(`${size.slice(0, 1).toUpperCase()}${size.slice(1)}.`);
  for (const { generation } of overtaken)
    warnings.push(`The pending ${what} ${generation} is superseded and will never be used.`);
  return warnings;
}
