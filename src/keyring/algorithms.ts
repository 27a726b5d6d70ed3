import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { promisify } from "node:util";
import { calculateJwkThumbprint, decodeProtectedHeader, type JWK } from "jose";
import type { JsonMembers, JsonObject } from "../base/json.ts";
import { isJsonObject, parseExactJson } from "../base/json.ts";
import { JWT_TYPES, type JwtType } from "../token/jwt-type.ts";
import { isOfKind, type KeyKind, SIGNATURES, type SignatureAlgorithm } from "../token/signature-algorithms.ts";
import type { PublicJwk, SigningAlgorithm } from "./port.ts";

/** What the mint must know of an algorithm besides how it signs. */
interface Algorithm {
  /** The hash behind `at_hash` (OpenID Connect Core section 3.1.3.6), and its length in bytes if it has none of its own. */
  readonly hash: "sha256" | "sha384" | "sha512" | "shake256";
  readonly hashLength?: number;
  /** The length of a signature in bytes, of the keys that are generated here. */
  readonly signatureBytes: number;
}

/** The length of an RSA key that is generated, in bits. */
const RSA_BITS = 2048;

const RSA: Algorithm = { hash: "sha256", signatureBytes: RSA_BITS / 8 };
const ED25519: Algorithm = { hash: "sha512", signatureBytes: 64 };

const ALGORITHMS: Readonly<Record<SigningAlgorithm, Algorithm>> = {
  RS256: RSA,
  PS256: RSA,
  ES256: { hash: "sha256", signatureBytes: 64 },
  ES384: { hash: "sha384", signatureBytes: 96 },
  ES512: { hash: "sha512", signatureBytes: 132 },
  Ed25519: ED25519,
  EdDSA: ED25519,
  // The hash that ML-DSA itself is built on, with the length of what it signs (FIPS 204 section 5.2).
  "ML-DSA-44": { hash: "shake256", hashLength: 64, signatureBytes: 2420 },
};

/** Every algorithm that a tenant can be configured with. */
export const SIGNING_ALGORITHMS = Object.keys(ALGORITHMS) as readonly SigningAlgorithm[];

/** A signature that takes more characters of a JWT than this may make it too long for a header. */
const LONG_SIGNATURE = 1000;

/** What an operator should know of the size of an algorithm's signatures, without a capital or a period, if anything. */
export function sizeWarning(algorithm: SigningAlgorithm): string | undefined {
  // In base64url (RFC 7515 section 7.1).
  const length = Math.ceil((ALGORITHMS[algorithm].signatureBytes * 4) / 3);
  if (length < LONG_SIGNATURE) return undefined;
  return (
    `a signature of ${algorithm} takes ${length} characters of each JWT; many servers and proxies accept 8 kB of headers ` +
    "in all, some 16 kB: measure what lies before your resource servers, or give clients reference tokens"
  );
}

/** A key pair that is ready to use. */
export interface SigningKey {
  /** The RFC 7638 thumbprint. */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicJwk: PublicJwk;
  /** Signs claims as a JWS in compact form. */
  sign(claims: JsonMembers, typ: JwtType): Promise<string>;
  /** Returns the claims of a JWS in compact form, or undefined if this key did not sign them. */
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
    const { type, ...options }: KeyKind = SIGNATURES[algorithm].key;
    return JSON.stringify((await generateOnThread(type, options)).export({ format: "jwk" }));
  },

  async load(algorithm, privateJwk) {
    const { key: kind, signs }: SignatureAlgorithm = SIGNATURES[algorithm];
    const { digest, ...how } = signs;
    const privateKey = createPrivateKey({ key: JSON.parse(privateJwk), format: "jwk" });
    if (!isOfKind(privateKey, kind)) throw new Error(`A key is ${privateKey.asymmetricKeyType}, and not ${kind.type}.`);
    // What is exported of a public key has no private member, not even one of a future kind of key.
    const publicKey = createPublicKey(privateKey);
    const publicJwk = publicKey.export({ format: "jwk" });
    const kid = await calculateJwkThumbprint(publicJwk as JWK);
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
        const signature = await signOnThread(digest, Buffer.from(signed), { key: privateKey, ...how });
        return `${signed}.${signature.toString("base64url")}`;
      },
      async verify(jwt) {
        if (!isHeaderOf(jwt, algorithm)) return undefined;
        const end = jwt.lastIndexOf(".");
        const signed = Buffer.from(jwt.slice(0, end));
        const signature = Buffer.from(jwt.slice(end + 1), "base64url");
        if (!(await verifyOnThread(digest, signed, { key: publicKey, ...how }, signature))) return undefined;
        return claimsIn(jwt);
      },
    };
  },
};

const signOnThread = promisify(sign);
const verifyOnThread = promisify(verify);

function generateOnThread(type: KeyKind["type"], options: Omit<KeyKind, "type">): Promise<KeyObject> {
  const { promise, resolve, reject } = Promise.withResolvers<KeyObject>();
  // The types have an overload for each kind of key, and none for all.
  const generate = generateKeyPair as (type: string, options: object, callback: GenerateCallback) => void;
  generate(type, { ...options, modulusLength: RSA_BITS }, (error, _, privateKey) =>
    error === null ? resolve(privateKey) : reject(error),
  );
  return promise;
}

type GenerateCallback = (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void;

/**
 * Whether a JWT says that the key's own algorithm signed it: what its header says must not choose one (RFC 8725 section
 * 3.1). No extension is understood (RFC 7515 section 4.1.11).
 */
function isHeaderOf(jwt: string, algorithm: SigningAlgorithm): boolean {
  try {
    const { alg, crit } = decodeProtectedHeader(jwt);
    return alg === algorithm && crit === undefined;
  } catch {
    return false;
  }
}

function claimsIn(jwt: string): JsonObject | undefined {
  try {
    const claims = parseExactJson(utf8.decode(Buffer.from(jwt.split(".")[1] ?? "", "base64url")));
    return isJsonObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder();

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

/** The left half of the algorithm's hash of a text, base64url (OpenID Connect Core section 3.1.3.6). */
export function leftHalfHash(algorithm: SigningAlgorithm, text: string): string {
  const { hash, hashLength: outputLength } = ALGORITHMS[algorithm];
  const digest = createHash(hash, { outputLength }).update(text).digest();
  return digest.subarray(0, digest.length / 2).toString("base64url");
}
