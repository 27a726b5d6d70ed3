import { constants, type KeyObject, type SignKeyObjectInput } from "node:crypto";

/** A kind of keys, as `node:crypto` names it, and what tells them from others of that kind. */
export interface KeyKind {
  readonly type: "rsa" | "ec" | "ed25519" | "ml-dsa-44";
  readonly namedCurve?: string;
}

/** What signing by an algorithm takes, and checking its signatures. */
export interface SignatureAlgorithm {
  readonly key: KeyKind;
  readonly signs: Omit<SignKeyObjectInput, "key"> & { readonly digest: string | null };
}

const PKCS1 = { digest: "sha256", padding: constants.RSA_PKCS1_PADDING };
const PSS = {
  digest: "sha256",
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
};
const RSA = { type: "rsa" } as const;

const ED25519 = { key: { type: "ed25519" }, signs: { digest: null } } as const;

function ecdsa(digest: string, namedCurve: string): SignatureAlgorithm {
  return { key: { type: "ec", namedCurve }, signs: { digest, dsaEncoding: "ieee-p1363" } };
}

/** The JWS algorithms, with which only the holder of a private key can sign (RFC 7518 sections 3.3 to 3.5, RFC 8037, RFC 9964). */
export const SIGNATURES = {
  RS256: { key: RSA, signs: PKCS1 },
  PS256: { key: RSA, signs: PSS },
  ES256: ecdsa("sha256", "prime256v1"),
  ES384: ecdsa("sha384", "secp384r1"),
  ES512: ecdsa("sha512", "secp521r1"),
  // The same signatures under two names: RFC 9864 deprecates the second one, which does not tell the curve.
  Ed25519: ED25519,
  EdDSA: ED25519,
  "ML-DSA-44": { key: { type: "ml-dsa-44" }, signs: { digest: null } },
} as const satisfies Readonly<Record<string, SignatureAlgorithm>>;

/** Whether a key is of the kind that an algorithm takes. */
export function isOfKind(key: KeyObject, { type, namedCurve }: KeyKind): boolean {
  return key.asymmetricKeyType === type && key.asymmetricKeyDetails?.namedCurve === namedCurve;
}
