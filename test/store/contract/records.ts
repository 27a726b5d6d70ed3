import { FOREVER } from "../../../src/base/clock.ts";
import type {
  Advance,
  FamilyRecord,
  KeyRecord,
  ReferenceTokenRecord,
  RevocationRecord,
} from "../../../src/store/port.ts";
import type { RegistrationRecord } from "../../../src/store/registration-port.ts";

/** The moment that the records below were made at. */
export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export function aKey(changes: Partial<KeyRecord> = {}): KeyRecord {
  return {
    use: "signing",
    generation: 1,
    algorithm: "RS256",
    sealed: "sealed.1",
    createdAt: NOW,
    activateAt: NOW + 1,
    request: undefined,
    ...changes,
  };
}

export function aFamily(changes: Partial<FamilyRecord> = {}): FamilyRecord {
  return {
    id: "family",
    client: "client",
    namespace: "namespace",
    subject: "subject",
    generation: 0,
    rotatedAt: NOW,
    attemptId: "attemptId.0",
    mintedAt: NOW,
    revokedAt: undefined,
    expiresAt: NOW + 1_000,
    purgeAt: NOW + 2_000,
    decision: '{"claims":{}}',
    mac: "1.mac",
    ...changes,
  };
}

export function aStep(changes: Partial<Advance> = {}): Advance {
  return {
    from: 0,
    to: 1,
    attemptId: "attemptId.1",
    at: NOW + 10,
    expiresAt: NOW + 1_010,
    purgeAt: NOW + 2_010,
    ...changes,
  };
}

export function aReferenceToken(changes: Partial<ReferenceTokenRecord> = {}): ReferenceTokenRecord {
  return { digest: "digest", claims: '{"sub":"subject"}', expiresAt: NOW + 1_000, mac: "1.mac", ...changes };
}

export function aRevocation(changes: Partial<RevocationRecord> = {}): RevocationRecord {
  return { id: "revocation", notAfter: NOW, expiresAt: NOW + 1_000, ...changes };
}

export function aRegistration(changes: Partial<RegistrationRecord> = {}): RegistrationRecord {
  return {
    kind: "client",
    tenant: "acme",
    id: "client",
    document: '{"version":1}',
    etag: "etag.1",
    createdAt: NOW,
    updatedAt: NOW + 1,
    deletedAt: undefined,
    purgeAt: FOREVER,
    mac: "mac.1",
    ...changes,
  };
}

/** Ids that a careless query, key or index would change, mix up or refuse. */
export const oddIds: readonly string[] = [
  "",
  " ",
  "a",
  "A",
  "a ",
  "é",
  "e\u0301",
  "日本語 🪙",
  "__proto__",
  "constructor",
  "'; DROP TABLE families; --",
  '"quoted" \\ `back`',
  "%_*?",
  "$gt",
  "a.b",
  "a:b/c|d\n",
  "1",
  "01",
  "1.0",
  "null",
  "long".repeat(1_000),
];

/** A number of calls, all begun before any of them was answered. */
export function atOnce<T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => call(index)));
}
