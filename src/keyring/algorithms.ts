import { createHash } from "node:crypto";
import {
  CompactSign,
  calculateJwkThumbprint,
  compactVerify,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from "jose";
import type { JsonObject } from "../base/json.ts";
import { isJsonObject, parseExactJson } from "../base/json.ts";
import type { PublicJwk, SigningAlgorithm } from "./port.ts";

/** Everything that the mint must know of one algorithm. */
interface Algorithm {
  /** The hash behind `at_hash` (OpenID Connect Core section 3.1.3.6). */
  readonly hash: "sha256" | "sha384" | "sha512";
  readonly generate: { readonly modulusLength?: number; readonly crv?: string };
}

const ALGORITHMS = {
  RS256: { hash: "sha256", generate: { modulusLength: 2048 } },
  PS256: { hash: "sha256", generate: { modulusLength: 2048 } },
  ES256: { hash: "sha256", generate: {} },
  ES384: { hash: "sha384", generate: {} },
  EdDSA: { hash: "sha512", generate: { crv: "Ed25519" } },
} satisfies Record<SigningAlgorithm, Algorithm>;

/** Every algorithm that a tenant can be configured with. */
export const SIGNING_ALGORITHMS = Object.keys(ALGORITHMS) as readonly SigningAlgorithm[];

/** A key pair that is ready to use. */
export interface SigningKey {
  /** The RFC 7638 thumbprint. */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicJwk: PublicJwk;
  /** Signs claims as a JWS in compact form. */
  sign(claims: JsonObject): Promise<string>;
  /** Returns the claims, or undefined if this key did not sign them. */
  verify(jwt: string): Promise<JsonObject | undefined>;
}

/** Generates and loads key pairs: the seam for the simulation's faster cryptography. */
export interface Signatures {
  /** Generates a private key, as the JSON text of its JWK. */
  generate(algorithm: SigningAlgorithm): Promise<string>;
  /** Loads the key in a JWK, for that algorithm only. */
  load(algorithm: SigningAlgorithm, privateJwk: string): Promise<SigningKey>;
}

/** jose on WebCrypto, which signs on threads of its own and so leaves the event loop free. */
export const webCryptoSignatures: Signatures = {
  async generate(algorithm) {
    const { privateKey } = await generateKeyPair(algorithm, { ...ALGORITHMS[algorithm].generate, extractable: true });
    return JSON.stringify(await exportJWK(privateKey));
  },

  async load(algorithm, privateJwk) {
    const jwk = JSON.parse(privateJwk) as JWK;
    const publicJwk = publicPart(jwk);
    const kid = await calculateJwkThumbprint(publicJwk);
    const [privateKey, publicKey] = await Promise.all([
      importJWK(jwk, algorithm, { extractable: false }),
      importJWK(publicJwk, algorithm),
    ]);
    const header = { alg: algorithm, kid, typ: "JWT" };
    return {
      kid,
      algorithm,
      publicJwk: { ...(publicJwk as PublicJwk), kid, alg: algorithm, use: "sig" },
      sign: (claims) =>
        new CompactSign(new TextEncoder().encode(JSON.stringify(claims))).setProtectedHeader(header).sign(privateKey),
      async verify(jwt) {
        try {
          // The algorithm is the key's own: what the token's header says must not choose it (RFC 8725 section 3.1).
          const { payload } = await compactVerify(jwt, publicKey, { algorithms: [algorithm] });
          const claims = parseExactJson(new TextDecoder().decode(payload));
          return isJsonObject(claims) ? claims : undefined;
        } catch {
          return undefined;
        }
      },
    };
  },
};

/** The left half of the algorithm's hash of a text, base64url (OpenID Connect Core section 3.1.3.6). */
export function leftHalfHash(algorithm: SigningAlgorithm, text: string): string {
  const digest = createHash(ALGORITHMS[algorithm].hash).update(text).digest();
  return digest.subarray(0, digest.length / 2).toString("base64url");
}

/**
 * Takes only the members that RFC 7518 section 6 and RFC 8037 section 2 call public, so that no private member can slip
 * out, not even one of a future kind of key.
 */
function publicPart(jwk: JWK): JWK {
  const { kty, crv, x, y, n, e } = jwk;
  return JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as JWK;
}
