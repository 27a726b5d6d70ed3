import type { ClientCredentials } from "../engine/request.ts";

/** The credentials of a call: its `authorization` metadata, whole (RFC 6749 section 2.3.1). */
export function credentials(metadata: Headers): ClientCredentials {
  return { authorization: metadata.get("authorization") || undefined };
}
