import { createHash } from "node:crypto";
import { OAuthError } from "../errors.ts";

/** The longest idempotency key, in characters. */
const MAX_LENGTH = 255;

/** Throws OAuthError `invalid_request` for an idempotency key that is too long. */
export function checkIdempotencyKey(key: string | undefined): void {
  if ((key?.length ?? 0) <= MAX_LENGTH) return;
  throw new OAuthError("invalid_request", `idempotency_key is too long: at most ${MAX_LENGTH} characters.`);
}

/**
 * Identifies a request in the row that it writes: the same id for a retry. A hash, so that what the operator wrote is not
 * stored. `kind`: keeps an operator's key from ever meeting a random one.
 */
export function requestName(kind: "idempotent" | "once", what: readonly unknown[], key: string): string {
  return createHash("sha256")
    .update(JSON.stringify([kind, ...what, key]))
    .digest("base64url");
}
