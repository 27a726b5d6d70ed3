import { createPublicKey } from "node:crypto";
import * as z from "zod";
import type { JsonObject } from "../base/json.ts";
import { isHttpsOrLoopback } from "../base/url.ts";
import { MIN_RSA_BITS, PRIVATE_MEMBERS } from "../possession/public-key.ts";
import { expected, expectedUnseen } from "../schema/explain.ts";
import { SIGNATURE_ALGORITHMS } from "../token/signed-jwt.ts";

/** The most keys of a set in the configuration. */
const MAX_KEYS = 20;

/** One public key. Its members are never quoted: whoever pastes a private key here must not find it in a log. */
const publicJwk = z.record(z.string(), z.json(), expectedUnseen("a public JWK")).superRefine((jwk, context) => {
  const problem = problemOf(jwk);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
}) satisfies z.ZodType<JsonObject>;

/** Public keys as a JWKS (RFC 7517 section 5). */
export const publicJwks = z
  .object(
    {
      keys: z
        .array(publicJwk, expected("a list of public JWKs"))
        .min(1, expected("at least one key"))
        .max(MAX_KEYS, `expected at most ${MAX_KEYS} keys`)
        .describe("The keys: public JWKs of RSA, EC or Ed25519, each with a kid of its own if there are several"),
    },
    expectedUnseen("a JWKS: a mapping with the member keys"),
  )
  .refine(({ keys }) => keys.length === 1 || areTold(keys), "expected a kid in each key, and no kid twice");

/** The URL of a JWKS. */
export const jwksUrl = z
  .string(expected("a URL"))
  .refine(isHttpsOrLoopback, expected("an https URL (http only on loopback) without user and fragment"));

function areTold(keys: readonly JsonObject[]): boolean {
  // A bundle of SPIFFE has keys for certificates too, which need no kid.
  const used = keys.filter(({ use }) => use !== "x509-svid");
  const ids = new Set(used.map(({ kid }) => kid).filter((kid) => typeof kid === "string"));
  return ids.size === used.length;
}

/** Why it cannot be used, if so, without any of its values. */
function problemOf(jwk: JsonObject): string | undefined {
  const secret = PRIVATE_MEMBERS.find((member) => Object.hasOwn(jwk, member));
  if (secret !== undefined) return `expected a public key, got one with the private member ${secret}`;
  if (jwk.alg !== undefined && !SIGNATURE_ALGORITHMS.some((algorithm) => algorithm === jwk.alg))
    return `expected alg to be one of ${SIGNATURE_ALGORITHMS.join(", ")}, or absent`;
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({ format: "jwk", key: jwk });
    if (!["rsa", "ec", "ed25519"].includes(asymmetricKeyType ?? "")) return "expected a key of RSA, EC or Ed25519";
    const bits = asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS;
    return bits < MIN_RSA_BITS ? `expected an RSA key of at least ${MIN_RSA_BITS} bits, got ${bits}` : undefined;
  } catch {
    return "expected a public key of RSA, EC or Ed25519 that can be read";
  }
}
