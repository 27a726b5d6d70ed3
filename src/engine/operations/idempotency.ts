import { OAuthError } from "../errors.ts";

/** The longest idempotency key, in characters. */
const MAX_LENGTH = 255;

/** Throws OAuthError `invalid_request` for an idempotency key that is too long. */
export function checkIdempotencyKey(key: string | undefined): void {
  if ((key?.length ?? 0) <= MAX_LENGTH) return;
  throw new OAuthError("invalid_request", `idempotency_key is too long: at most ${MAX_LENGTH} characters.`);
}
