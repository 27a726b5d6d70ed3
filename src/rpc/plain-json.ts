import { OAuthError } from "../engine/errors.ts";
import { withPlainNames } from "../token/json.ts";
import { toConnectError } from "./errors.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Decodes a message in protobuf's JSON form, for Connect, which calls JSON.parse itself: with no name that is written
 * with an escape, as JSON.parse cannot be trusted with one (see `withPlainNames`).
 *
 * Throws the refusal of a message with a name that cannot be written without.
 */
export const plainJsonDecoder = {
  decode(bytes?: Uint8Array): string {
    const text = withPlainNames(utf8.decode(bytes));
    if (text !== undefined) return text;
    throw toConnectError(
      new OAuthError(
        "invalid_request",
        "The request cannot be read: a name in its JSON holds a quote, a backslash or a control character. Send the " +
          "binary form of protobuf, which carries such names.",
      ),
    );
  },
};
