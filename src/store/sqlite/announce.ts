import { realpathSync } from "node:fs";
import type { Logger } from "../../base/logger.ts";
import type { Role } from "../options.ts";
import { type Other, Presence } from "./presence.ts";

/** How often a process looks for others, in milliseconds. */
export const LOOK_EVERY = 5_000;

/**
 * Logs each other process that serves or copies the same database file, once, whether it started earlier or later.
 * `path` is that of the database, which exists. Returns a function that stops looking.
 */
export function announce(path: string, role: Role, logger: Logger): () => void {
  const presence = attempt(logger, () => new Presence(realpathSync(path), role));
  if (presence === undefined) return () => undefined;
  const look = () => {
    const others = attempt(logger, () => presence.look());
    if (others === undefined) clearInterval(timer);
    for (const other of others ?? []) tell(other, role, logger);
  };
  // Unreferenced: looking for others must not keep a process alive.
  const timer = setInterval(look, LOOK_EVERY).unref();
  look();
  return () => {
    clearInterval(timer);
    attempt(logger, () => presence.leave());
  };
}

/** Warns of another process. Beside a server, a copy misses writes; two servers only share the file. */
function tell(other: Other, role: Role, logger: Logger): void {
  const isCopied = role === "copy" || other.role === "copy";
  const advice = isCopied
    ? "a copy lacks whatever is written after it was made, so stop the server first"
    : "both work, but an SQLite file is meant for one server";
  logger.warn(
    // The log's own `pid` is this process.
    { event: "store_shared", role: other.role, otherPid: other.pid },
    `another process uses the same SQLite file, a ${other.role} with the process id ${other.pid}: ${advice}`,
  );
}

/** This is a convenience: if it fails, the store must still work. */
function attempt<T>(logger: Logger, work: () => T): T | undefined {
  try {
    return work();
  } catch (err) {
    logger.warn({ err }, "cannot detect other processes that use the same SQLite file");
    return undefined;
  }
}
