import { lookup as systemLookup } from "node:dns";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isLoopback } from "../base/address.ts";
import { type JsonValue, parseExactJson } from "../base/json.ts";
import { type Network, networkOf } from "../base/network.ts";
import { AuthorityUnavailableError } from "./port.ts";

/** Fetches the JSON document at a URL whose host is in one of the networks. Rejects if that fails. */
export type FetchJson = (url: string, networks: ReadonlySet<Network>) => Promise<JsonValue>;

/** The limits of a fetch, and how it resolves names. */
export interface FetchOptions {
  /** Milliseconds from the request to the last byte. */
  readonly timeout: number;
  /** The longest body, in bytes. */
  readonly maxBytes: number;
  /** Resolves a name; the operating system's resolver by default. */
  readonly lookup?: LookupFunction;
}

const LIMITS: FetchOptions = { timeout: 5_000, maxBytes: 1024 * 1024 };

/** Asks for an uncompressed body: a compressed one could be of any size once it is expanded. */
const HEADERS = { accept: "application/json", "accept-encoding": "identity", "user-agent": "mintmark" };

/**
 * Fetches over the network, within bounds: https, or http on this machine only; only from allowed networks, whatever a
 * name resolves to; no redirects and no proxy; status 200; limited time and size.
 *
 * Rejects with {@link AuthorityUnavailableError}, whose message says what was wrong without quoting the answer.
 */
export function createFetchJson({ timeout, maxBytes, lookup = systemLookup }: FetchOptions = LIMITS): FetchJson {
  return async (text, networks) => {
    const url = readUrl(text, networks);
    const signal = AbortSignal.timeout(timeout);
    try {
      const response = await get(url, lookupWithin(networks, lookup), signal);
      return parse(await readBody(response, maxBytes));
    } catch (error) {
      if (error instanceof AuthorityUnavailableError) throw error;
      const reason = signal.aborted ? "It did not answer in time." : reasonOf(error);
      throw new AuthorityUnavailableError(reason, { cause: error });
    }
  };
}

function readUrl(text: string, networks: ReadonlySet<Network>): URL {
  const url = URL.parse(text);
  const isPlain = url?.protocol === "http:" && isLoopback(url.hostname);
  if (url === null || url.username !== "" || url.password !== "" || !(url.protocol === "https:" || isPlain)) {
    throw new AuthorityUnavailableError("Its URL is neither https nor http on this machine.");
  }
  // A literal address is never looked up, so it is checked here.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0 && !networks.has(networkOf(host))) throw outOfReach();
  return url;
}

/**
 * Resolves a name to its allowed addresses, which are the only ones that the connection uses. Checking the name in
 * advance would not do: it could resolve differently the next time (DNS rebinding).
 */
function lookupWithin(networks: ReadonlySet<Network>, lookup: LookupFunction): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found.filter(({ address }) => networks.has(networkOf(address))) : [];
      const [first] = addresses;
      if (error !== null) callback(error, []);
      else if (first === undefined) callback(outOfReach(), []);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function get(url: URL, lookup: LookupFunction, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    // Uses a new connection, which ends with the answer.
    request(url, { agent: false, headers: HEADERS, lookup, signal }, resolve).on("error", reject).end();
  });
}

/** Counts bytes while reading, as Content-Length need not be true; leaving the loop drops the connection. */
async function readBody(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    assertReadable(response);
    for await (const chunk of response) {
      length += chunk.byteLength;
      if (length > maxBytes) throw new AuthorityUnavailableError("Its answer is too large.");
      chunks.push(chunk);
    }
  } finally {
    response.destroy();
  }
  return Buffer.concat(chunks);
}

function assertReadable({ statusCode, headers }: IncomingMessage): void {
  if (statusCode !== 200) throw new AuthorityUnavailableError(`It answered with status ${statusCode}.`);
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") throw new AuthorityUnavailableError("Its answer is compressed.");
}

/** Drops the parser's error, which quotes the text. */
function parse(body: Uint8Array): JsonValue {
  try {
    return parseExactJson(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new AuthorityUnavailableError("Its answer is not JSON.");
  }
}

function outOfReach(): AuthorityUnavailableError {
  return new AuthorityUnavailableError(
    "Its URL leads to an address that is not public; allowPrivateNetwork: true allows those of a private network.",
  );
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error && error.code;
  return code ? `The request failed (${code}).` : "The request failed.";
}
