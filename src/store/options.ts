import type { Machine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Listener } from "../telemetry/events.ts";

/** What a long-running process does with a store. A command that only makes a short change has no role. */
export type Role = "server" | "copy";

/** The options of a store besides its URL. A file on this machine needs none of them. */
export interface StoreOptions {
  /** The role that other processes on the same file learn of; none by default. */
  readonly role?: Role | undefined;
  /** Whether a file that does not exist is created; true by default. A database server's store always exists. */
  readonly create?: boolean | undefined;
  /** Whether to refuse a file that another process on this machine serves or copies; false by default. */
  readonly alone?: boolean | undefined;
  /** Where the store reports that it waits, or that something is wrong; nowhere by default. */
  readonly logger?: Logger | undefined;
  /** Hears of other processes on the same file, if this one has a role; nobody by default. */
  readonly listener?: Listener | undefined;
  /** The machine whose clock is compared with the database's; this one by default. */
  readonly machine?: Machine | undefined;
  /** How long a start waits for an unreachable database, in milliseconds; 60 seconds by default. */
  readonly startTimeout?: number | undefined;
  /** The most by which the clocks of nodes may differ, in milliseconds; 50 by default. All nodes need the same value. */
  readonly maxClockSkew?: number | undefined;
}
