import type { IncomingHttpHeaders } from "node:http2";
import { fieldValues } from "../wire/fields.ts";
import { hasMalformedBinary } from "./metadata.ts";
import { grpcTimeout, MAX_TIMEOUT } from "./timeouts.ts";

/** The path for calls of unknown RPCs. */
export const ELSEWHERE = "/";

/** The path for calls with malformed binary metadata. */
export const UNREADABLE = "/unreadable";

/** The path for calls with a method other than POST. */
export const NOT_POST = "/not-post";

/** The path for calls with an unsupported encoding. */
export const UNKNOWN_ENCODING = "/unknown-encoding";

/** The encodings that grpc-js reads. */
const ENCODINGS: ReadonlySet<string> = new Set(["identity", "deflate", "gzip"]);

/** The encoding of a compressed message whose call names no encoding. */
export const UNNAMED = "unnamed";

/** A media type that grpc-js answers with 415. */
export const UNSUPPORTED = "unsupported";

/** A timeout that grpc-js refuses. */
const MALFORMED = "malformed";

const CONTENT_TYPE = /^application\/grpc(?:\+proto)?\s*(?:;|$)/;

/**
 * Prepares the headers of a call for grpc-js, which by itself accepts too much or too little. A call that grpc-js would
 * refuse without details gets another path. `fields`: the names and values of the header in turn, as received; `paths`:
 * those of all RPCs.
 */
export function prepareHeaders(
  headers: IncomingHttpHeaders,
  fields: readonly string[],
  paths: { has(path: unknown): boolean },
): void {
  prepareTimeout(headers);
  const encoding = String(headers["grpc-encoding"] ?? "identity");
  // Without an encoding, grpc-js reads a compressed message as if it were plain. It refuses an unknown encoding.
  if (encoding === "identity") headers["grpc-encoding"] = UNNAMED;
  // It accepts the media type of any codec, and sees only the first of several.
  const [type = "", second] = fieldValues(fields, "content-type");
  if (second !== undefined || !CONTENT_TYPE.test(type)) headers["content-type"] = UNSUPPORTED;
  if (!paths.has(headers[":path"])) headers[":path"] = ELSEWHERE;
  else if (headers[":method"] !== "POST") headers[":path"] = NOT_POST;
  else if (hasMalformedBinary(fields)) headers[":path"] = UNREADABLE;
  // grpc-js refuses it only once a message is compressed.
  else if (!ENCODINGS.has(encoding)) headers[":path"] = UNKNOWN_ENCODING;
}

/**
 * grpc-js finds a timeout within any text, and turns one that is too long for a timer into a deadline that has passed.
 */
function prepareTimeout(headers: IncomingHttpHeaders): void {
  const text = headers["grpc-timeout"];
  if (text === undefined) return;
  const timeout = grpcTimeout(String(text));
  if (timeout === undefined) headers["grpc-timeout"] = MALFORMED;
  else if (timeout > MAX_TIMEOUT) delete headers["grpc-timeout"];
}
