import type { ClientCredentials } from "../engine/request.ts";

/** The credentials of a call: its `authorization` metadata, whole (RFC 6749 section 2.3.1). */
export function credentials(metadata: Headers): ClientCredentials {
  return { authorization: metadata.get("authorization") || undefined };
}

/**
 * Every `authorization` field of a request, joined by commas; undefined where there is none. Of several, Node's own
 * `headers` has the first alone. Joined, they are malformed: nobody guesses which one counts.
 *
 * `fields`: the names and values, by turns, as they came.
 */
export function joinAuthorization(fields: readonly string[]): string | undefined {
  const given = fields.filter((_, index) => index % 2 === 1 && fields[index - 1]?.toLowerCase() === "authorization");
  return given.length === 0 ? undefined : given.join(", ");
}
