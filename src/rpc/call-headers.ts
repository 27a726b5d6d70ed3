import type { IncomingHttpHeaders } from "node:http2";
import { fieldValues, joinedField } from "../wire/fields.ts";
import { hasMalformedBinary } from "./metadata.ts";
import { grpcTimeout, MAX_TIMEOUT } from "./timeouts.ts";

/** Where calls go that are of no RPC. */
export const ELSEWHERE = "/";

/** Where calls go whose binary metadata is malformed. */
export const UNREADABLE = "/unreadable";

/** Where calls go that are no POST. */
export const NOT_POST = "/not-post";

/** The encoding of a message that is compressed although no encoding was named. */
export const UNNAMED = "unnamed";

/** What grpc-js takes for no type of its own, and answers 415. */
const UNSUPPORTED = "unsupported";

/** What grpc-js takes for no timeout. */
const MALFORMED = "malformed";

const CONTENT_TYPE = /^application\/grpc(?:\+proto)?\s*(?:;|$)/;

/**
 * Readies the headers of a call for grpc-js, which takes too much, or too little, as it is. A call that would be answered
 * without details gets another path. `fields`: the names and values of the header, by turns, as they came; `paths`: those
 * of all RPCs.
 */
export function prepareHeaders(
  headers: IncomingHttpHeaders,
  fields: readonly string[],
  paths: ReadonlySet<unknown>,
): void {
  prepareAuthorization(headers, fields);
  prepareTimeout(headers);
  // grpc-js reads a compressed message as it is unless an encoding is named. One that it does not know, it refuses.
  if ((headers["grpc-encoding"] ?? "identity") === "identity") headers["grpc-encoding"] = UNNAMED;
  // It takes the type of any codec, and sees the first of several alone.
  const [type = "", second] = fieldValues(fields, "content-type");
  if (second !== undefined || !CONTENT_TYPE.test(type)) headers["content-type"] = UNSUPPORTED;
  if (!paths.has(headers[":path"])) headers[":path"] = ELSEWHERE;
  else if (headers[":method"] !== "POST") headers[":path"] = NOT_POST;
  else if (hasMalformedBinary(fields)) headers[":path"] = UNREADABLE;
}

/**
 * Several fields become one that is malformed, as over HTTP: grpc-js sees the first alone. One that is not ASCII, which it
 * would drop, keeps a mark of that.
 */
function prepareAuthorization(headers: IncomingHttpHeaders, fields: readonly string[]): void {
  const authorization = joinedField(fields, "authorization");
  if (authorization !== undefined) headers.authorization = authorization.replace(/[^\x20-\x7e]/g, "?");
}

/** grpc-js finds a timeout within any text, and makes one that no timer can hold a deadline that has passed. */
function prepareTimeout(headers: IncomingHttpHeaders): void {
  const text = headers["grpc-timeout"];
  if (text === undefined) return;
  const timeout = grpcTimeout(String(text));
  if (timeout === undefined) headers["grpc-timeout"] = MALFORMED;
  else if (timeout > MAX_TIMEOUT) delete headers["grpc-timeout"];
}
