import type { DatabaseSync } from "node:sqlite";
import type { CopyableStore } from "../copy-port.ts";
import type { StoreOptions } from "../options.ts";
import { StoreUnusableError } from "../port.ts";
import { announce } from "./announce.ts";
import { checkPath } from "./check-path.ts";
import { createConnection } from "./connection.ts";
import { MEMORY, openDatabase } from "./database.ts";
import { prepareDump } from "./dump.ts";
import { prepareFamilies } from "./families.ts";
import { prepareKeys } from "./keys.ts";
import { prepareMeta } from "./meta.ts";
import { othersOn } from "./presence.ts";
import { prepareReferenceTokens } from "./reference-tokens.ts";
import { prepareRegistrations } from "./registrations.ts";
import { BUSY_TIMEOUT } from "./retry-while-busy.ts";
import { prepareRevocations } from "./revocations.ts";
import { prepareSweep } from "./sweep.ts";
import { prepareTallies } from "./tallies.ts";

/**
 * Opens the store at `sqlite:PATH`, or one in memory for `sqlite::memory:`. Throws the errors of {@link openDatabase},
 * and {@link StoreUnusableError} if the store must be alone but another process uses the file.
 */
export async function openSqliteStore(
  url: string,
  { role, logger, listener, create, alone = false }: StoreOptions = {},
): Promise<CopyableStore> {
  const path = url.slice("sqlite:".length);
  checkPath(path);
  const store = createSqliteStore(await openDatabase(path, { create }));
  if (alone && path !== MEMORY) {
    const [other] = othersOn(path);
    if (other !== undefined) {
      await store.close();
      const who = `a ${other.role} with the process id ${other.pid}`;
      throw new StoreUnusableError(`The SQLite file is in use by another process, ${who}. Stop it first.`);
    }
  }
  // No other process can use a database in memory.
  if (path === MEMORY || role === undefined) return store;
  const leave = announce(path, role, { emit: listener, logger });
  return {
    ...store,
    close() {
      leave();
      return store.close();
    },
  };
}

/** Announces a server of the database at `sqlite:PATH`, which exists. Returns a function that ends it. */
export function announceSqliteServer(
  url: string,
  { listener, logger }: Pick<StoreOptions, "listener" | "logger">,
): () => void {
  return announce(url.slice("sqlite:".length), "server", { emit: listener, logger });
}

/**
 * The store in a database that {@link openDatabase} opened. Closing the store closes the database. `busyTimeout`: how
 * long a call waits for another process, in milliseconds.
 */
export function createSqliteStore(database: DatabaseSync, busyTimeout: number = BUSY_TIMEOUT): CopyableStore {
  const connection = createConnection(database, busyTimeout);
  const keys = prepareKeys(connection);
  const families = prepareFamilies(connection);
  const referenceTokens = prepareReferenceTokens(connection);
  const revocations = prepareRevocations(connection);
  const meta = prepareMeta(connection);
  const tallies = prepareTallies(connection);
  return {
    // Every process that can open the file runs on the same machine, with the same clock.
    maxClockSkew: 0,
    forTenant: (tenant) => ({
      keys: keys(tenant),
      families: families(tenant),
      referenceTokens: referenceTokens(tenant),
      revocations: revocations(tenant),
      meta: meta(tenant),
      tallies: tallies(tenant),
    }),
    registrations: prepareRegistrations(connection),
    sweep: prepareSweep(connection),
    dump: prepareDump(connection),
    close: () => connection.close(),
  };
}
