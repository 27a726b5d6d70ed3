import { isLoopback } from "../config/address.ts";
import { type JsonValue, parseExactJson } from "../token/json.ts";
import { AuthorityUnavailableError } from "./port.ts";

/** Gets the JSON document at a URL. Rejects where it cannot be had. */
export type FetchJson = (url: string) => Promise<JsonValue>;

/** What a fetch may take. */
export interface FetchLimits {
  /** Milliseconds from the request to the last byte. */
  readonly timeout: number;
  /** Bytes of the body, decompressed. */
  readonly maxBytes: number;
}

const LIMITS: FetchLimits = { timeout: 5_000, maxBytes: 1024 * 1024 };

/**
 * Fetches over the network, within bounds: https, or http from this machine alone; no redirects; status 200; so much
 * time and so many bytes.
 *
 * It rejects with {@link AuthorityUnavailableError}, whose message says what was wrong without a word of the answer.
 */
export function createFetchJson({ timeout, maxBytes }: FetchLimits = LIMITS): FetchJson {
  return async (url) => {
    if (!mayBeFetched(url)) throw new AuthorityUnavailableError("Its URL is neither https nor http on this machine.");
    try {
      const headers = { accept: "application/json" };
      const response = await fetch(url, { redirect: "error", headers, signal: AbortSignal.timeout(timeout) });
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new AuthorityUnavailableError(`It answered with status ${response.status}.`);
      }
      return parse(await readBody(response, maxBytes));
    } catch (error) {
      if (error instanceof AuthorityUnavailableError) throw error;
      throw new AuthorityUnavailableError(reasonOf(error), { cause: error });
    }
  };
}

function mayBeFetched(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

/** Counts while it reads, as a length that is told need not be true; to leave the loop gives the connection up. */
async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    if (length > maxBytes) throw new AuthorityUnavailableError("Its answer is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Without the parser's error, which quotes the text. */
function parse(body: Uint8Array): JsonValue {
  try {
    return parseExactJson(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new AuthorityUnavailableError("Its answer is not JSON.");
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "It did not answer in time.";
  const code = error instanceof Error && error.cause instanceof Error && "code" in error.cause && error.cause.code;
  return code ? `The request failed (${code}).` : "The request failed.";
}
