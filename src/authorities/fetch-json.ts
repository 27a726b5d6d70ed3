import { lookup as systemLookup } from "node:dns";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isLoopback } from "../base/address.ts";
import { type JsonValue, parseExactJson } from "../base/json.ts";
import { type Network, networkOf } from "../base/network.ts";
import { AuthorityUnavailableError } from "./port.ts";

/** Gets the JSON document at a URL whose host is in one of the networks. Rejects if it cannot be had. */
export type FetchJson = (url: string, networks: ReadonlySet<Network>) => Promise<JsonValue>;

/** What a fetch may take, and how it finds a host. */
export interface FetchOptions {
  /** Milliseconds from the request to the last byte. */
  readonly timeout: number;
  /** Bytes of the body. */
  readonly maxBytes: number;
  /** The addresses of a name; the operating system's unless given. */
  readonly lookup?: LookupFunction;
}

const LIMITS: FetchOptions = { timeout: 5_000, maxBytes: 1024 * 1024 };

/** The body as it is: what is compressed could be any size once it is not. */
const HEADERS = { accept: "application/json", "accept-encoding": "identity", "user-agent": "mintmark" };

/**
 * Fetches over the network, within bounds: https, or http from this machine alone; from the networks that are allowed,
 * whatever a name resolves to; no redirects and no proxy; status 200; so much time and so many bytes.
 *
 * It rejects with {@link AuthorityUnavailableError}, whose message says what was wrong without a word of the answer.
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
  // An address needs no look-up.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0 && !networks.has(networkOf(host))) throw outOfReach();
  return url;
}

/** Resolves a name to those of its addresses that are allowed: the connection uses no other. */
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
    // A connection of its own, which ends with the answer.
    request(url, { agent: false, headers: HEADERS, lookup, signal }, resolve).on("error", reject).end();
  });
}

/** Counts while it reads, as a length that is told need not be true; to leave the loop gives the connection up. */
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

/** Without the parser's error, which quotes the text. */
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
