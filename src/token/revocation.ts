import { createHash } from "node:crypto";
import type { Instant } from "../base/clock.ts";

/** "All that bears this, up to `notAfter`, is dead." */
interface Revocation {
  /** What is revoked: one of the ids of {@link revocationIds}. */
  readonly id: string;
  /** What is as old as this, or older, is dead; `FOREVER`: whatever bears it. */
  readonly notAfter: Instant;
}

/** What a revocation can be made of, as its id in the store: a hash, so that no subject stands there and no name is too long. */
export const revocationIds = {
  /** One access token. */
  jti: (jti: string) => hash("jti", jti),
  /** All that one key signed. */
  kid: (kid: string) => hash("kid", kid),
  /** All refresh tokens under one generation of the refresh key. */
  refreshKey: (generation: number) => hash("token key", String(generation)),
  /** All that one client minted, whether it has a subject or not. */
  client: (client: string) => hash("client", client),
  /** All of a subject that one client minted. */
  subjectOfClient: (subject: string, client: string) => hash("subject of client", subject, client),
  /** All of a subject that the clients of one namespace minted. */
  subjectOfNamespace: (subject: string, namespace: string) => hash("subject of namespace", subject, namespace),
};

/** Whether a token of these moments (its own; its family's first) is dead by one of the revocations that apply to it. */
export function isRevoked(revocations: readonly Revocation[], moments: readonly Instant[]): boolean {
  return revocations.some(({ notAfter }) => moments.some((moment) => moment <= notAfter));
}

/** Every part is preceded by its length, so that no two lists of parts read alike. */
function hash(...parts: readonly string[]): string {
  const sha256 = createHash("sha256");
  for (const part of parts) sha256.update(`${Buffer.byteLength(part)}:`).update(part);
  return sha256.digest("base64url");
}
