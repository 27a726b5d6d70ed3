import type { Machine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";

/** What a process does with a store for a while. Whoever only changes something in passing has none. */
export type Role = "server" | "copy";

/** What a store is opened with, beside its URL. A file on this machine needs none of it. */
export interface StoreOptions {
  /** As what a process is told to others that use the same file; as none unless given. */
  readonly role?: Role | undefined;
  /** Where the store says that it waits, or that something is not as it should be; nowhere unless given. */
  readonly logger?: Logger | undefined;
  /** Whose clock is compared with the database's; this machine unless given. */
  readonly machine?: Machine | undefined;
  /** For how long a database that is away is waited for at the start, in milliseconds; 60 seconds unless given. */
  readonly startTimeout?: number | undefined;
  /** By how many milliseconds the clocks of the nodes may differ; 50 unless given. All nodes need the same. */
  readonly maxClockSkew?: number | undefined;
}
