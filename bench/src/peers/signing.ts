import { generateKeyPairSync } from "node:crypto";
import jsonwebtoken from "jsonwebtoken";

/** How access tokens are signed: RS256 or ES256, as the second argument of the program says; undefined for opaque ones. */
export const algorithm = process.argv[3];

/** A new key pair for that algorithm. */
export const { privateKey, publicKey } =
  algorithm === "RS256"
    ? generateKeyPairSync("rsa", { modulusLength: 2048 })
    : generateKeyPairSync("ec", { namedCurve: "P-256" });

/** A JWT with these claims. */
export function signJwt(claims: object): string {
  return jsonwebtoken.sign(claims, privateKey, { algorithm: algorithm ?? "ES256" });
}
