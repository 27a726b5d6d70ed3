import { constants, createHash, createPrivateKey, type SignKeyObjectInput, sign } from "node:crypto";
import { promisify } from "node:util";
import { calculateJwkThumbprint, compactVerify, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { JsonObject } from "../base/json.ts";
import { isJsonObject, parseExactJson } from "../base/json.ts";
import { JWT_TYPES, type JwtType } from "../token/jwt-type.ts";
import type { PublicJwk, SigningAlgorithm } from "./port.ts";

/** Everything that the mint must know of one algorithm. */
interface Algorithm {
  /** The hash behind `at_hash` (OpenID Connect Core section 3.1.3.6). */
  readonly hash: "sha256" | "sha384" | "sha512";
  readonly generate: { readonly modulusLength?: number; readonly crv?: string };
  /** How a private key signs (RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1, RFC 9864), as `node:crypto` names it. */
  readonly signs: Omit<SignKeyObjectInput, "key"> & { readonly digest: string | null };
}

const PKCS1 = { digest: "sha256", padding: constants.RSA_PKCS1_PADDING };
const PSS = {
  digest: "sha256",
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
};
const RSA = { hash: "sha256", generate: { modulusLength: 2048 } } as const;

const ED25519 = { hash: "sha512", generate: { crv: "Ed25519" }, signs: { digest: null } } as const;

const ALGORITHMS: Readonly<Record<SigningAlgorithm, Algorithm>> = {
  RS256: { ...RSA, signs: PKCS1 },
  PS256: { ...RSA, signs: PSS },
  ES256: { hash: "sha256", generate: {}, signs: { digest: "sha256", dsaEncoding: "ieee-p1363" } },
  ES384: { hash: "sha384", generate: {}, signs: { digest: "sha384", dsaEncoding: "ieee-p1363" } },
  ES512: { hash: "sha512", generate: {}, signs: { digest: "sha512", dsaEncoding: "ieee-p1363" } },
  // The same signatures under two names: RFC 9864 deprecates the second one, which does not tell the curve.
  Ed25519: ED25519,
  EdDSA: ED25519,
};

/** Every algorithm that a tenant can be configured with. */
export const SIGNING_ALGORITHMS = Object.keys(ALGORITHMS) as readonly SigningAlgorithm[];

/** A key pair that is ready to use. */
export interface SigningKey {
  /** The RFC 7638 thumbprint. */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicJwk: PublicJwk;
  /** Signs claims as a JWS in compact form. */
  sign(claims: JsonObject, typ: JwtType): Promise<string>;
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

/** `node:crypto` on threads, which leaves the event loop free: it keeps it half as long as WebCrypto does. */
export const nodeSignatures: Signatures = {
  async generate(algorithm) {
    const { privateKey } = await generateKeyPair(algorithm, { ...ALGORITHMS[algorithm].generate, extractable: true });
    return JSON.stringify(await exportJWK(privateKey));
  },

  async load(algorithm, privateJwk) {
    const jwk = JSON.parse(privateJwk) as JWK;
    const publicJwk = publicPart(jwk);
    const kid = await calculateJwkThumbprint(publicJwk);
    const publicKey = await importJWK(publicJwk, algorithm);
    const { digest, ...how } = ALGORITHMS[algorithm].signs;
    const privateKey = { key: createPrivateKey({ key: jwk, format: "jwk" }), ...how };
    // The same for all tokens of a key and a type, so it is encoded once.
    const headers = new Map(
      JWT_TYPES.map((typ) => [typ, base64url(JSON.stringify({ alg: algorithm, kid, typ }))] as const),
    );
    return {
      kid,
      algorithm,
      publicJwk: { ...(publicJwk as PublicJwk), kid, alg: algorithm, use: "sig" },
      async sign(claims, typ) {
        const signed = `${headers.get(typ)}.${base64url(JSON.stringify(claims))}`;
        const signature = await signOnThread(digest, Buffer.from(signed), privateKey);
        return `${signed}.${signature.toString("base64url")}`;
      },
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

const signOnThread = promisify(sign);

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

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
