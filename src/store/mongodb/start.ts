import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../../base/logger.ts";
import { StoreUnavailableError } from "../port.ts";
import type { Client } from "./client.ts";
import { withinTime } from "./connection.ts";
import { isUnavailable, toStoreError } from "./errors.ts";
import type { Collections } from "./rows.ts";
import { prepareSchema } from "./schema.ts";

/** The pause after the first failure, and the longest one, in milliseconds; each is twice the previous one. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/**
 * Connects and prepares the schema, trying again until the database answers. Throws {@link StoreUnavailableError} if
 * that takes longer than `startTimeout` milliseconds, and a {@link StoreUnusableError} if a newer program wrote the
 * database.
 */
export async function start(
  client: Client,
  collections: Collections,
  { logger, startTimeout }: { readonly logger: Logger; readonly startTimeout: number },
): Promise<void> {
  const { hosts } = client;
  const deadline = performance.now() + startTimeout;
  let reason = "it did not answer in time";
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      const left = Math.max(1, Math.ceil(deadline - performance.now()));
      return await withinTime(() => tryOnce(client, collections, logger), left);
    } catch (error) {
      // Other errors, such as a schema that a newer program wrote, do not pass by waiting.
      if (!isUnavailable(error)) throw error;
      reason = reasonOf(error) ?? reason;
      const left = deadline - performance.now();
      if (left <= 0) {
        throw new StoreUnavailableError(`The MongoDB store at ${hosts} cannot be reached: ${reason}`, { cause: error });
      }
      logger.warn({ hosts, reason }, "the MongoDB store cannot be reached: trying again");
      await delay(Math.min(pause, left));
    }
  }
}

async function tryOnce({ client, timeout }: Client, collections: Collections, logger: Logger): Promise<void> {
  try {
    await client.connect();
  } catch (cause) {
    // Whatever it is, such as an unknown host or a missing certificate, may be fixed while the start waits.
    throw new StoreUnavailableError("The MongoDB store cannot be reached.", { cause });
  }
  await prepareSchema(collections, logger, { maxTimeMS: timeout });
}

/** The message of the driver or the server, if any. Neither contains a password. */
function reasonOf(error: unknown): string | undefined {
  const told = toStoreError(error);
  return told instanceof Error && told.cause instanceof Error ? told.cause.message : undefined;
}
