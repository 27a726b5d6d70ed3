import { type Db, MongoClient, type MongoClientOptions, ReadConcern, WriteConcern } from "mongodb";
import { StoreUnusableError } from "../port.ts";
import { databaseOf, unusableUrl } from "./url.ts";

/** How long a call may take, in milliseconds, unless the URL's `timeoutMS` says otherwise. */
const TIMEOUT = 2_000;

/** The name of the database, unless the URL has one. */
const DATABASE = "mintmark";

/** A client that has not connected yet, and the options of its URL. */
export interface Client {
  readonly client: MongoClient;
  readonly database: Db;
  /** How long a call may take, in milliseconds. */
  readonly timeout: number;
  /** For reads that decide whether a token is valid. */
  readonly readConcern: ReadConcern;
  /** The servers in the URL, for the log: no password in it. */
  readonly hosts: string;
}

/**
 * Parses a MongoDB URL (https://www.mongodb.com/docs/manual/reference/connection-string/) and makes a client of it. All
 * of the driver's options apply, except those that would endanger tokens. Throws a {@link StoreUnusableError} that says
 * what is wrong with the URL without quoting it: it may contain a password.
 */
export function createClient(url: string): Client {
  const lowered = url.replace(/^[^:]*/, (scheme) => scheme.toLowerCase());
  const name = databaseOf(lowered) ?? DATABASE;
  const { uri, timeout } = takeTimeout(lowered);
  const client = parse(uri, timeout);
  const { writeConcern, readConcern, readPreference, hosts, srvHost } = client.options;
  // Weaker options are refused rather than overridden, so that nobody relies on a setting that has no effect.
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

/** How values are read, whatever the URL says: the adapter relies on it. */
const PLAIN_VALUES = {
  promoteLongs: true,
  promoteValues: true,
  promoteBuffers: false,
  useBigInt64: false,
  raw: false,
  ignoreUndefined: false,
} as const;

/** Takes `timeoutMS` out of the URL: the driver has no timeout for a whole call, and complains about the option. */
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
    // The driver's message may quote a part of the URL, and with it a part of a secret.
    throw unusableUrl();
  }
}

/** Replaces defaults of the driver that are too patient: no part of a call may outlast its caller's timeout. */
function defaults(timeout: number): MongoClientOptions {
  return {
    appName: "mintmark",
    maxPoolSize: 32,
    serverSelectionTimeoutMS: timeout,
    waitQueueTimeoutMS: timeout,
    connectTimeoutMS: timeout,
    socketTimeoutMS: timeout,
    // The next heartbeat finds a connection that died silently, and with it all others to that server.
    heartbeatFrequencyMS: 1_000,
    // Gateways drop connections that are idle for some minutes, and tell neither end.
    maxIdleTimeMS: 60_000,
  };
}

/** Lets the URL's options win; the driver would prefer those of the program. */
function unlessGiven(uri: string, options: MongoClientOptions): MongoClientOptions {
  const given = new Set(Array.from(new URLSearchParams(uri.split("?")[1]).keys(), (name) => name.toLowerCase()));
  return Object.fromEntries(Object.entries(options).filter(([name]) => !given.has(name.toLowerCase())));
}

/** Refuses weaker options: a token that was given out could be lost, or a revoked one come back to life. */
function requireOption(name: string, value: unknown, ...allowed: readonly unknown[]): void {
  if (value === undefined || allowed.includes(value)) return;
  throw new StoreUnusableError(`The MongoDB URL's ${name} must be ${allowed.join(" or ")}, or left out.`);
}
