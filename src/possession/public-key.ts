import { createPublicKey, hash, type KeyObject } from "node:crypto";
import type { JWK } from "jose";
import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";

/** The members of a JWK that only its owner may know (RFC 7518 section 6, RFC 8037 section 2, RFC 9964). */
export const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] as const;

/** RSA keys have at least so many bits (RFC 7518 section 3.3). */
export const MIN_RSA_BITS = 2048;

/** The work grows with the size of a key. */
const MAX_RSA_BITS = 4096;

/** The work grows with this as well: with the largest exponents, checking costs as much as signing. */
const MAX_RSA_EXPONENT = 2n ** 32n;

/** The members that make up a public key, by its `kty` (RFC 7638 section 3.2), in the order of their names. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ["crv", "kty", "x", "y"],
  OKP: ["crv", "kty", "x"],
  RSA: ["e", "kty", "n"],
};

/** An asymmetric key that signs. */
interface PublicKey {
  readonly key: KeyObject;
  /** The members that make it up, without all else that a JWK may say. */
  readonly members: JsonObject;
}

/** The key that a JWK (RFC 7517) says; undefined unless it is an asymmetric key that signs, without a private member. */
export function publicKeyIn(value: JsonValue | undefined): PublicKey | undefined {
  if (!isJsonObject(value) || PRIVATE_MEMBERS.some((name) => Object.hasOwn(value, name))) return undefined;
  const names = MEMBERS[String(value.kty)];
  if (names === undefined) return undefined;
  try {
    const key = createPublicKey({ format: "jwk", key: value as JWK });
    if (!isAcceptable(key)) return undefined;
    return { key, members: Object.fromEntries(names.map((name) => [name, value[name] ?? null])) };
  } catch {
    return undefined;
  }
}

function isAcceptable({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  if (asymmetricKeyType !== "rsa") return true;
  const { modulusLength: bits = 0, publicExponent = 0n } = asymmetricKeyDetails;
  return bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && publicExponent <= MAX_RSA_EXPONENT;
}

/** The thumbprint of a public key (RFC 7638) by its members. */
export function thumbprintOf(members: JsonObject): string {
  return hash("sha256", JSON.stringify(members), "base64url");
}
