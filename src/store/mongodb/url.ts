import { isIPv6 } from "node:net";
import { StoreUnusableError } from "../port.ts";

/**
 * Scheme, user and password, hosts, database and options, split as every parser would: no part may contain a separator.
 * An unescaped password could otherwise turn a part of itself into a host, a database or an option.
 */
const SHAPE = /^mongodb(\+srv)?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^@?#]*))?(?:\?([^@#]*))?$/;

/** A user, or a user and a password, with every special character percent-encoded. */
const USER_INFO = /^(?:[^:%[\]\s]|%[0-9a-f]{2})*(?::(?:[^:%[\]\s]|%[0-9a-f]{2})*)?$/i;

/** A host name, an IPv4 or IPv6 address, or the percent-encoded path of a socket. The port is checked separately. */
const HOST = /^(?:\[([^\]]*)\]|[\w.-]+|%2F[\w.%-]+)(?::([1-9][0-9]{0,4}))?$/i;

/**
 * The names that MongoDB accepts on every platform
 * (https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions).
 */
const DATABASE = /^[^/\\. "$*<>:|?\p{Cc}]+$/u;
const MAX_DATABASE_BYTES = 63;

/**
 * Checks a MongoDB URL before anything else parses it, and returns the name of its database, if it has one. Throws a
 * {@link StoreUnusableError} that says what is expected without quoting the URL: any part of it may belong to an
 * unescaped password.
 */
export function databaseOf(url: string): string | undefined {
  const [whole, srv, userInfo = "", hosts = "", path = ""] = SHAPE.exec(url) ?? [];
  if (whole === undefined || !USER_INFO.test(userInfo) || !areHosts(hosts.split(","), srv !== undefined)) {
    throw unusableUrl();
  }
  if (path === "") return undefined;
  const name = decoded(path);
  if (!DATABASE.test(name) || Buffer.byteLength(name) > MAX_DATABASE_BYTES) {
    throw new StoreUnusableError(
      `The MongoDB URL's database must have a name of at most ${MAX_DATABASE_BYTES} bytes without spaces or any of ` +
        '/ \\ . " $ * < > : | ?',
    );
  }
  return name;
}

/** The error about a URL that cannot be parsed, whatever is wrong with it. */
export function unusableUrl(): StoreUnusableError {
  return new StoreUnusableError(
    "The MongoDB URL of the store cannot be used: expected mongodb://[user:password@]host[:port][,…]/[database] or " +
      "mongodb+srv://…, with user and password percent-encoded (% is %25, / is %2F, : is %3A, ? is %3F, # is %23, " +
      "@ is %40; node -p 'encodeURIComponent(process.env.PASSWORD)' does it), and ? with options that the driver knows.",
  );
}

function areHosts(hosts: readonly string[], isSrv: boolean): boolean {
  if (isSrv) return hosts.length === 1 && hosts.every((host) => /^[\w.-]+$/.test(host));
  return hosts.every((host) => {
    const [whole, address, port = "1"] = HOST.exec(host) ?? [];
    return whole !== undefined && Number(port) <= 65_535 && (address === undefined || isIPv6(address));
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
