import { decodeJwt } from "jose";
import type { JsonObject } from "../../src/base/json.ts";

/** The claims of a JWT, unverified. */
export function claimsOf(jwt: string | undefined): JsonObject {
  return decodeJwt(jwt ?? "") as JsonObject;
}
