import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import { publicKeyIn } from "../possession/public-key.ts";
import type { Client } from "../registry/tenant.ts";
import type { Problems } from "./problems.ts";
import { InvalidValue, type MintRequest } from "./request.ts";

/** A SHA-256, base64url. */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

const EXPECTED =
  "confirmation must be a JSON object with one member: jkt or x5t#S256, which are thumbprints, or jwk, a public key.";

/**
 * The key of somebody else that the caller binds an access token to, as `cnf` has it (RFC 7800 section 3.1); undefined if
 * it names none. Notes a problem if it is none, or the client may not do that.
 */
export function confirmationIn(
  { confirmation }: MintRequest,
  { allowConfirmation }: Client,
  problems: Problems,
): JsonObject | undefined {
  if (confirmation === undefined) return undefined;
  if (!allowConfirmation) {
    problems.add("confirmation is not allowed for this client.");
    return undefined;
  }
  const read = confirmation instanceof InvalidValue ? undefined : keyIn(confirmation);
  if (read === undefined) problems.add(EXPECTED);
  return read;
}

function keyIn(value: JsonValue): JsonObject | undefined {
  if (!isJsonObject(value) || Object.keys(value).length !== 1) return undefined;
  const { jkt, "x5t#S256": x5t, jwk } = value;
  if (isThumbprint(jkt)) return { jkt };
  if (isThumbprint(x5t)) return { "x5t#S256": x5t };
  const key = publicKeyIn(jwk);
  return key && { jwk: key.members };
}

function isThumbprint(value: JsonValue | undefined): value is string {
  return typeof value === "string" && THUMBPRINT.test(value);
}
