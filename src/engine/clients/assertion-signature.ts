import { AuthorityUnavailableError, type KeySource, type Signedness } from "../../authorities/port.ts";
import type { SignedJwt } from "../../token/signed-jwt.ts";
import { OAuthError } from "../errors.ts";
import type { MethodContext } from "./method.ts";

/** Whether an assertion is signed by one of these keys. Throws OAuthError `temporarily_unavailable` if nobody can tell. */
export async function signednessOf(
  jwt: SignedJwt,
  keys: KeySource,
  { authorities }: MethodContext,
): Promise<Signedness> {
  try {
    return await authorities.checkSignature(jwt, keys);
  } catch (cause) {
    if (!(cause instanceof AuthorityUnavailableError)) throw cause;
    throw new OAuthError("temporarily_unavailable", "The client's keys are unavailable. Try again.", { cause });
  }
}
