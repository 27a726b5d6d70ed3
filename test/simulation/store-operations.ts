import type { StoreOperation } from "../support/simulated-store.ts";

const WRITES: readonly StoreOperation[] = [
  "families.create",
  "families.advance",
  "families.reconcile",
  "families.revoke",
  "referenceTokens.create",
  "revocations.raise",
  "keys.append",
  "keys.forget",
  "registrations.put",
];

/** What changes a row that a promise hangs on: few calls do, among many that read. */
export const DECISIVE_WRITES: ReadonlySet<string> = new Set(WRITES);
