import type { DescMessage } from "@bufbuild/protobuf";
import { isJsonObject, type JsonValue, parseExactJson, withPlainNames } from "../base/json.ts";
import { OAuthError } from "../engine/errors.ts";
import { faultIn } from "../engine/exact-json.ts";
import { toConnectError } from "./errors.ts";
import { fieldNamed, misfitOf } from "./json-fields.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Decodes the bytes of protobuf's JSON form for Connect, which calls JSON.parse itself. Names are rewritten without
 * escapes, which JSON.parse cannot be trusted with (see `withPlainNames`).
 *
 * Throws a refusal if a name cannot be written without an escape, if members are not fields of the message, and if JSON
 * readers would disagree on the text.
 */
export function jsonDecoder(message: DescMessage): { decode(bytes?: Uint8Array): string } {
  return {
    decode(bytes) {
      const text = utf8.decode(bytes);
      const value = parsed(text);
      if (isJsonObject(value)) {
        checkExact(text, message);
        checkFields(value, message);
      }
      return plain(text);
    },
  };
}

/** Parses JSON. Returns undefined if it is not valid, which Connect reports. */
function parsed(text: string): JsonValue | undefined {
  try {
    return parseExactJson(text);
  } catch {
    return undefined;
  }
}

/**
 * Refuses what is refused in a form's parameter too: numbers that protobuf would round, and members that occur twice.
 */
function checkExact(text: string, message: DescMessage): void {
  const found = faultIn(text);
  if (found === undefined) return;
  const field = found.member === undefined ? undefined : fieldNamed(message, found.member);
  if (field !== undefined) throw refusal(`${field.name} cannot be used: ${found.problem}`);
  if (found.twice !== undefined && fieldNamed(message, found.twice) !== undefined)
    throw unreadable(`it has the field '${found.twice}' twice.`);
  // An unknown field, or not in any field.
  if (found.member === undefined) throw unreadable("it has a field twice.");
}

function checkFields(value: { readonly [name: string]: JsonValue }, message: DescMessage): void {
  for (const [name, member] of Object.entries(value)) {
    const misfit = misfitOf(message, name, member);
    if (misfit !== undefined) throw unreadable(misfit);
  }
}

function plain(text: string): string {
  const plainText = withPlainNames(text);
  if (plainText !== undefined) return plainText;
  throw unreadable(
    "a name in its JSON contains a quote, a backslash or a control character. Send the binary form of protobuf, which " +
      "allows such names.",
  );
}

function unreadable(reason: string): Error {
  return refusal(`The request cannot be read: ${reason}`);
}

function refusal(message: string): Error {
  return toConnectError(new OAuthError("invalid_request", message));
}
