import { type Db, MongoClient, type MongoClientOptions, ReadConcern, WriteConcern } from "mongodb";
import { StoreUnusableError } from "../port.ts";
import { databaseOf, unusableUrl } from "./url.ts";

/** How long a call may take unless the URL's `timeoutMS` says otherwise, in milliseconds. */
const TIMEOUT = 2_000;

/** The database unless the URL names one. */
const DATABASE = "mintmark";

/** A client that has not connected yet, and what its URL asked for. */
export interface Client {
  readonly client: MongoClient;
  readonly database: Db;
  /** How long a call may take, in milliseconds. */
  readonly timeout: number;
  /** For reads that decide whether a token is good. */
  readonly readConcern: ReadConcern;
  /** The servers that the URL names, for the log: it has no password in it. */
  readonly hosts: string;
}

/**
 * Reads a MongoDB URL (https://www.mongodb.com/docs/manual/reference/connection-string/) and makes a client of it; all
 * of the driver's options count, beside what must be so for a token's sake. Throws a {@link StoreUnusableError} that says what
 * is wrong with the URL; it repeats nothing of it, for it may hold a password.
 */
export function createClient(url: string): Client {
  const lowered = url.replace(/^[^:]*/, (scheme) => scheme.toLowerCase());
  const name = databaseOf(lowered) ?? DATABASE;
  const { uri, timeout } = takeTimeout(lowered);
  const client = parse(uri, timeout);
  const { writeConcern, readConcern, readPreference, hosts, srvHost } = client.options;
  requireOption("w", writeConcern?.w, "majority");
  requireOption("journal", writeConcern?.journal, true);
  requireOption("readPreference", readPreference?.mode, "primary");
  requireOption("readConcernLevel", readConcern?.level, "majority", "linearizable");
  const majority = new ReadConcern("majority");
  return {
    client,
    database: client.db(name, {
      readPreference: "primary",
      readConcern: majority,
      writeConcern: new WriteConcern("majority", writeConcern?.wtimeoutMS, true),
      ...PLAIN_VALUES,
    }),
    timeout,
    readConcern: readConcern ?? majority,
    hosts: srvHost ?? hosts.join(","),
  };
}

/** What rows are read as, whatever the URL says: it is the adapter's own business. */
const PLAIN_VALUES = {
  promoteLongs: true,
  promoteValues: true,
  promoteBuffers: false,
  useBigInt64: false,
  raw: false,
  ignoreUndefined: false,
} as const;

/** The driver has no timeout for a whole call, and says so when its option is there. */
function takeTimeout(url: string): { readonly uri: string; readonly timeout: number } {
  let timeout = TIMEOUT;
  const uri = url.replace(/(?<=[?&])timeoutMS=([^&]*)&?/i, (_, value: string) => {
    timeout = /^[1-9][0-9]{0,6}$/.test(value) ? Number(value) : Number.NaN;
    return "";
  });
  if (Number.isNaN(timeout))
    throw new StoreUnusableError("The MongoDB URL's timeoutMS must be a number of milliseconds.");
  return { uri, timeout };
}

function parse(uri: string, timeout: number): MongoClient {
  try {
    return new MongoClient(uri, {
      ...unlessGiven(uri, defaults(timeout)),
      serverApi: { version: "1", strict: false, deprecationErrors: false },
    });
  } catch {
    // What the driver says may repeat a part of the URL, and with it of a secret among its options.
    throw unusableUrl();
  }
}

/** What the driver's own defaults are too patient for: every part of a call ends with its caller's busyTimeout. */
function defaults(timeout: number): MongoClientOptions {
  return {
    appName: "mintmark",
    maxPoolSize: 32,
    serverSelectionTimeoutMS: timeout,
    waitQueueTimeoutMS: timeout,
    connectTimeoutMS: timeout,
    socketTimeoutMS: timeout,
    // A connection that died without a word is found by the next heartbeat, and all others with it.
    heartbeatFrequencyMS: 1_000,
    // Gateways forget a connection that is silent for some minutes, and tell neither end.
    maxIdleTimeMS: 60_000,
  };
}

/** The URL's options come first; the driver would put those of the program before them. */
function unlessGiven(uri: string, options: MongoClientOptions): MongoClientOptions {
  const given = new Set(Array.from(new URLSearchParams(uri.split("?")[1]).keys(), (name) => name.toLowerCase()));
  return Object.fromEntries(Object.entries(options).filter(([name]) => !given.has(name.toLowerCase())));
}

/** With less than this, a token that was told could be lost, or one that was revoked come to life. */
function requireOption(name: string, value: unknown, ...allowed: readonly unknown[]): void {
  if (value === undefined || allowed.includes(value)) return;
  throw new StoreUnusableError(`The MongoDB URL's ${name} must be ${allowed.join(" or ")}, or be left out.`);
}
