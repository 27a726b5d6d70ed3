import { realpathSync } from "node:fs";
import type { Logger } from "../../base/logger.ts";
import type { Emit, Notice } from "../../telemetry/events.ts";
import type { Role } from "../options.ts";
import { type Other, Presence } from "./presence.ts";

/** How often a process looks for others, in milliseconds. */
export const LOOK_EVERY = 5_000;

/** Who hears of other processes, and of what prevents that. Others see this process even if nobody does. */
interface Hearers {
  readonly emit: Emit | undefined;
  readonly logger: Logger | undefined;
}

/**
 * Tells of each other process that serves or copies the same database file, once, whether it started earlier or later.
 * `path` is that of the database, which exists. Returns a function that stops looking.
 */
export function announce(path: string, role: Role, { emit, logger }: Hearers): () => void {
  const presence = attempt(logger, () => new Presence(realpathSync(path), role));
  if (presence === undefined) return () => undefined;
  const look = () => {
    const others = attempt(logger, () => presence.look());
    if (others === undefined) clearInterval(timer);
    for (const other of others ?? []) emit?.(sharedWith(other, role));
  };
  // Unreferenced: looking for others must not keep a process alive.
  const timer = setInterval(look, LOOK_EVERY).unref();
  look();
  return () => {
    clearInterval(timer);
    attempt(logger, () => presence.leave());
  };
}

/** The event about another process. Beside a server, a copy misses writes; two servers only share the file. */
function sharedWith(other: Other, role: Role): Notice {
  const isCopied = role === "copy" || other.role === "copy";
  const advice = isCopied
    ? "a copy lacks whatever is written after it was made, so stop the server first"
    : "both work, but an SQLite file is meant for one server";
  return { event: "store_shared", role: other.role, otherPid: other.pid, advice };
}

/** This is a convenience: if it fails, the store must still work. */
function attempt<T>(logger: Logger | undefined, work: () => T): T | undefined {
  try {
    return work();
  } catch (err) {
    logger?.warn({ err }, "cannot detect other processes that use the same SQLite file");
    return undefined;
  }
}
