import { hash as hashOnce } from "node:crypto";
import type { Instant } from "../base/clock.ts";

/** "Everything that bears this, up to `notAfter`, is dead." */
interface Revocation {
  /** What is revoked: one of {@link revocationIds}. */
  readonly id: string;
  /** Everything issued at or before this time is dead; `FOREVER`: everything, whenever issued. */
  readonly notAfter: Instant;
}

/**
 * The ids of revocations in the store, by what they revoke. Hashes, so that no subject is stored and no name is too
 * long.
 */
export const revocationIds = {
  /** One access token. */
  jti: (jti: string) => hash("jti", jti),
  /** Everything that one signing key signed. */
  kid: (kid: string) => hash("kid", kid),
  /** All refresh tokens and rows under one generation of the refresh key. */
  refreshKey: (generation: number) => hash("token key", String(generation)),
  /** Everything that one client minted, with a subject or without one. */
  client: (client: string) => hash("client", client),
  /** Everything of a subject that one client minted. */
  subjectOfClient: (subject: string, client: string) => hash("subject of client", subject, client),
  /** Everything of a subject that the clients of one namespace minted. */
  subjectOfNamespace: (subject: string, namespace: string) => hash("subject of namespace", subject, namespace),
};

/**
 * Whether one of the revocations that apply to a token ends it. `times`: when the token was issued, and when its
 * family was minted.
 */
export function isRevoked(revocations: readonly Revocation[], times: readonly Instant[]): boolean {
  return revocations.some(({ notAfter }) => times.some((time) => time <= notAfter));
}

/** Every part is preceded by its length, so that no two lists of parts hash alike. */
function hash(...parts: readonly string[]): string {
  return hashOnce("sha256", parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join(""), "base64url");
}
