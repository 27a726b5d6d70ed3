import type { Instruments } from "./instruments.ts";

/** The key with which a tenant signs now. */
export interface ActiveKey {
  readonly tenant: string;
  /** For how long it has been active, in seconds. */
  readonly age: number;
  /** When its successor takes over, in seconds since the Unix epoch. */
  readonly nextRotation: number;
}

/** Tells the age of each tenant's signing key, and when the next one takes over. `read` is called at each scrape. */
export function watchKeys(instruments: Instruments, read: () => readonly ActiveKey[]): void {
  instruments.gauge(
    "mintmark_signing_key_age_seconds",
    "For how long the key that signs now has been active.",
    ["tenant"],
    "max",
    () => read().map(({ tenant, age }) => ({ labels: { tenant }, value: age })),
  );
  instruments.gauge(
    "mintmark_signing_key_next_rotation_timestamp_seconds",
    "When the key that signs now is replaced, as a Unix timestamp.",
    ["tenant"],
    "min",
    () => read().map(({ tenant, nextRotation }) => ({ labels: { tenant }, value: nextRotation })),
  );
}
