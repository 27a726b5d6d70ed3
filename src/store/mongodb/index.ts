import type { Db } from "mongodb";
import { type Instant, thisMachine } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { CopyableStore } from "../copy-port.ts";
import type { StoreOptions } from "../options.ts";
import { createClient } from "./client.ts";
import { ClockCheck, type ClockComparison, COMPARE_EVERY } from "./clock-check.ts";
import { closeClient, createConnection } from "./connection.ts";
import { prepareDump } from "./dump.ts";
import { prepareFamilies } from "./families.ts";
import { prepareKeys } from "./keys.ts";
import { prepareMeta } from "./meta.ts";
import { prepareReferenceTokens } from "./reference-tokens.ts";
import { prepareRegistrations } from "./registrations.ts";
import { prepareRevocations } from "./revocations.ts";
import { collectionsOf } from "./rows.ts";
import { start } from "./start.ts";
import { prepareSweep } from "./sweep.ts";
import { prepareTallies } from "./tallies.ts";

/** The defaults of {@link StoreOptions}, in milliseconds. */
const START_TIMEOUT = 60_000;
const MAX_CLOCK_SKEW = 50;

/**
 * A store in a MongoDB database that any number of nodes share.
 *
 * Every write is one row in one step, `w: majority` and journaled, and no row depends on another. A crash between two
 * writes leaves rows that nobody was given a token for, or a revocation lower than its caller wanted and was never told
 * had succeeded. A refresh whose answer was lost is recognized by the attempt in its row.
 */
export interface MongoStore extends CopyableStore {
  /** The last comparison of the machine's clock with the database's; undefined before the first. */
  clockComparison(): ClockComparison | undefined;
  isClockOff(): boolean;
}

/**
 * Opens the store at a `mongodb://` or `mongodb+srv://` URL. Waits for an unreachable database. Throws {@link
 * StoreUnavailableError} if that takes too long, and a {@link StoreUnusableError} if the URL is invalid or a newer
 * program wrote the database. Neither message contains the URL's password.
 */
export async function openMongoStore(url: string, options: StoreOptions = {}): Promise<MongoStore> {
  const { logger = SILENT, machine = thisMachine } = options;
  const { startTimeout = START_TIMEOUT, maxClockSkew = MAX_CLOCK_SKEW } = options;
  const opened = createClient(url);
  const collections = collectionsOf(opened.database);
  try {
    await start(opened, collections, { logger, startTimeout });
  } catch (error) {
    // The driver's monitors would keep the process alive.
    await closeClient(opened.client, opened.timeout);
    throw error;
  }
  const connection = createConnection(opened.client, collections, opened);
  const databaseTime = () => connection.run(() => readTime(opened.database));
  const clockCheck = new ClockCheck(databaseTime, { machine, logger, maxClockSkew });
  // Before the first request: a clock that was never compared counts as off.
  await clockCheck.check();
  const comparing = setInterval(() => clockCheck.check(), COMPARE_EVERY).unref();

  const keys = prepareKeys(connection);
  const families = prepareFamilies(connection);
  const referenceTokens = prepareReferenceTokens(connection);
  const revocations = prepareRevocations(connection);
  const meta = prepareMeta(connection);
  const tallies = prepareTallies(connection);
  return {
    maxClockSkew,
    forTenant: (tenant) => ({
      keys: keys(tenant),
      families: families(tenant),
      referenceTokens: referenceTokens(tenant),
      revocations: revocations(tenant),
      meta: meta(tenant),
      tallies: tallies(tenant),
    }),
    registrations: prepareRegistrations(connection, machine),
    sweep: prepareSweep(connection),
    dump: prepareDump(connection),
    clockComparison: () => clockCheck.latest,
    isClockOff: () => clockCheck.isOff(),
    close() {
      clearInterval(comparing);
      return connection.close();
    },
  };
}

async function readTime(database: Db): Promise<Instant> {
  const { localTime } = await database.command({ hello: 1 });
  if (!(localTime instanceof Date)) throw new TypeError("the database did not report its time");
  return localTime.getTime();
}

const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
