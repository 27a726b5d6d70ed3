import type { JwtFlaw, SignedJwt } from "../token/signed-jwt.ts";
import { readSignedJwt } from "../token/signed-jwt.ts";
import { IdTokenError } from "./port.ts";

/** The longest id_token, in characters. RFC 7519 section 5.1: its `typ` is `JWT`, or absent. */
const ID_TOKEN = { maxLength: 16 * 1024, types: new Set(["jwt"]) };

const REFUSALS: Readonly<Record<JwtFlaw, string>> = {
  "too long": "The id_token is too long.",
  malformed: "The id_token is malformed.",
  "algorithm not accepted": "The id_token's algorithm is not accepted.",
  "critical extensions": "The id_token has unsupported critical extensions.",
  "another kind of token": "The id_token is another kind of token.",
};

/** Parses an id_token. Throws {@link IdTokenError} if it cannot be one. */
export function readIdToken(idToken: string): SignedJwt {
  const read = readSignedJwt(idToken, ID_TOKEN);
  if (typeof read === "string") throw new IdTokenError(REFUSALS[read]);
  return read;
}
