import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";

/** How long a call that waits for every node may take, in seconds: longer than nodes may go without reading. */
const LONGEST_WAIT = 600;

/** How long the next try of a call whose answer was lost waits, in milliseconds. */
const PAUSES = [100, 1000] as const;

/** How a change is made. */
export interface WriteOptions {
  readonly etag?: string;
  readonly dryRun?: boolean;
}

/** Adds `--etag` and `--dry-run` to a command that changes something. */
export function withWrite(command: Command): Command {
  return withDryRun(command).option("--etag <etag>", "Etag that get has shown; refuse if it has changed since");
}

/** Adds `--dry-run` to a command that makes something new, which has no etag yet. */
export function withDryRun(command: Command): Command {
  return command.option("--dry-run", "Have the service check the change, without making it");
}

/** What an RPC is told of how to make a change; made once for each, so that a repeated call is the same change. */
export function wireOptions({ etag = "", dryRun = false }: WriteOptions = {}) {
  return { etag, validateOnly: dryRun, idempotencyKey: randomUUID() };
}

/** Calls again if the answer was lost. The call must bear an idempotency key, so that it stays one change. */
export async function untilAnswered<T>(call: () => Promise<T>): Promise<T> {
  const { isLost } = await import("../remote/errors.ts");
  for (const pause of PAUSES) {
    try {
      return await call();
    } catch (error) {
      if (!isLost(error)) throw error;
      await setTimeout(pause);
    }
  }
  return call();
}

/** How a change ends, for good or for now. */
export interface EndOptions {
  readonly wait?: boolean;
  readonly revokeTokens?: boolean;
  readonly timeout?: number;
}

/** Adds `--wait` and `--revoke-tokens` to a command that ends a client. */
export function withEnd(command: Command): Command {
  return command
    .option("--wait", "Wait until every node that reaches the store acts by the change, some seconds")
    .option("--revoke-tokens", "Also revoke everything that the client has minted, permanently; implies --wait");
}

/** The options of a command, which has more time for its answer if that waits for other nodes. */
export function withTime<O extends EndOptions>(options: O): O {
  const waits = options.wait === true || options.revokeTokens === true;
  return waits && options.timeout === undefined ? { ...options, timeout: LONGEST_WAIT } : options;
}
