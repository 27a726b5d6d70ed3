import type { DescMessage } from "@bufbuild/protobuf";
import { jsonDecoder } from "./json-request.ts";

/** How deep JSON in a request may be nested. What a tenant allows is less. */
const MAX_JSON_DEPTH = 100;

/** How a request in protobuf's binary form is read: each level of JSON is two messages there. */
export const binaryOptions = { readUnknownFields: false, recursionLimit: 2 * MAX_JSON_DEPTH };

/**
 * How a request in protobuf's JSON form is read. Strictly: otherwise a misspelt name, or an enum value that there is
 * not, would count as absent, and the token be another than was asked for.
 */
export function jsonOptionsFor(message: DescMessage) {
  return { ignoreUnknownFields: false, recursionLimit: MAX_JSON_DEPTH, textDecoder: jsonDecoder(message) };
}
