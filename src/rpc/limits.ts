import { createRegistry, type DescMessage } from "@bufbuild/protobuf";
import { jsonDecoder } from "./json-request.ts";

/** The most levels of nesting in a request's JSON. Tenants allow fewer. */
const MAX_JSON_DEPTH = 100;

/** How requests in protobuf's binary form are decoded. There, each level of JSON takes two messages. */
export const binaryOptions = { readUnknownFields: false, recursionLimit: 2 * MAX_JSON_DEPTH };

/**
 * How requests in protobuf's JSON form are decoded. Strictly: otherwise a misspelt name or an unknown enum value would
 * count as absent, and the token would not be the one that was asked for.
 */
export function jsonOptionsFor(message: DescMessage) {
  return {
    ignoreUnknownFields: false,
    recursionLimit: MAX_JSON_DEPTH,
    textDecoder: jsonDecoder(message),
    // What an Any may hold, in a response too.
    registry: createRegistry(message.file),
  };
}
