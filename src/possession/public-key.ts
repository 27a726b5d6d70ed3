import { createPublicKey, hash, type KeyObject } from "node:crypto";
import type { JWK } from "jose";
import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";

/** The members of a JWK that only its owner may know (RFC 7518 section 6, RFC 8037 section 2, RFC 9964). */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] as const;

/** RSA keys have at least so many bits (RFC 7518 section 3.3), and at most so many: the work grows with their size. */
const RSA_BITS = { least: 2048, most: 4096 };

/** The work grows with this as well: with the largest exponents, checking costs as much as signing. */
const MAX_RSA_EXPONENT = 2n ** 32n;

/** The key that a JWK (RFC 7517) says; undefined unless it is an asymmetric key that signs, without a private member. */
export function publicKeyIn(value: JsonValue | undefined): KeyObject | undefined {
  if (!isJsonObject(value) || PRIVATE_MEMBERS.some((name) => Object.hasOwn(value, name))) return undefined;
  try {
    const key = createPublicKey({ format: "jwk", key: value as JWK });
    return isAcceptable(key) ? key : undefined;
  } catch {
    return undefined;
  }
}

function isAcceptable({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  if (asymmetricKeyType !== "rsa") return true;
  const { modulusLength: bits = 0, publicExponent = 0n } = asymmetricKeyDetails;
  return bits >= RSA_BITS.least && bits <= RSA_BITS.most && publicExponent <= MAX_RSA_EXPONENT;
}

/** The members that make up a public key, by its `kty` (RFC 7638 section 3.2), in the order of their names. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ["crv", "kty", "x", "y"],
  OKP: ["crv", "kty", "x"],
  RSA: ["e", "kty", "n"],
};

/**
 * The members of a public key that make it up, without all else that a JWK may say; undefined if it is no public key that
 * signs.
 */
export function publicMembers(value: JsonValue | undefined): JsonObject | undefined {
  if (!isJsonObject(value) || publicKeyIn(value) === undefined) return undefined;
  const names = MEMBERS[String(value.kty)];
  return names && Object.fromEntries(names.map((name) => [name, value[name] ?? null]));
}

/** The thumbprint of a public key (RFC 7638) by its {@link publicMembers}. */
export function thumbprintOf(members: JsonObject): string {
  return hash("sha256", JSON.stringify(members), "base64url");
}
