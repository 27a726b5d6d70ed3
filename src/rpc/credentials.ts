import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { ClientCredentials } from "../engine/request.ts";

/** Where a server keeps the IP address that a call came from. */
export const remoteAddressKey = createContextKey<string | undefined>(undefined, {
  description: "the address that a call came from",
});

/** The credentials of a call: its `authorization` metadata, whole (RFC 6749 section 2.3.1), and where it came from. */
export function credentials({
  requestHeader,
  values,
}: Pick<HandlerContext, "requestHeader" | "values">): ClientCredentials {
  return {
    authorization: requestHeader.get("authorization") || undefined,
    remoteAddress: values.get(remoteAddressKey),
  };
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
