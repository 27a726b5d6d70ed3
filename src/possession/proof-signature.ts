import { constants, type KeyObject, verify } from "node:crypto";

/** What the mint must know of an algorithm to check its signatures (RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1). */
interface Algorithm {
  /** The kind of its keys, as `node:crypto` names it, and the curve if there are several. */
  readonly type: "ec" | "ed25519" | "rsa";
  readonly namedCurve?: string;
  readonly digest: string | null;
  readonly checks?: Omit<Parameters<typeof verify>[2] & object, "key">;
}

const ED25519: Algorithm = { type: "ed25519", digest: null };
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/** Asymmetric ones alone, as the key is public (RFC 9449 sections 4.3 and 5). The last two of Ed25519 are one (RFC 9864). */
const ALGORITHMS = {
  ES256: ecdsa("prime256v1", "sha256"),
  ES384: ecdsa("secp384r1", "sha384"),
  ES512: ecdsa("secp521r1", "sha512"),
  Ed25519: ED25519,
  EdDSA: ED25519,
  RS256: { type: "rsa", digest: "sha256", checks: { padding: constants.RSA_PKCS1_PADDING } },
  PS256: { type: "rsa", digest: "sha256", checks: PSS },
} as const satisfies Readonly<Record<string, Algorithm>>;

function ecdsa(namedCurve: string, digest: string): Algorithm {
  return { type: "ec", namedCurve, digest, checks: { dsaEncoding: "ieee-p1363" } };
}

type ProofAlgorithm = keyof typeof ALGORITHMS;

/** The algorithms that proofs may be signed with. */
export const DPOP_ALGORITHMS = Object.keys(ALGORITHMS) as readonly ProofAlgorithm[];

/**
 * Whether a key has signed a JWS in compact form by an algorithm, which must be one for that kind of key (RFC 7515 section
 * 5.2). At once: a proof costs less than handing it to a thread.
 */
export function isSignedBy(jws: string, algorithm: ProofAlgorithm, key: KeyObject): boolean {
  const { type, namedCurve, digest, checks }: Algorithm = ALGORITHMS[algorithm];
  if (key.asymmetricKeyType !== type || key.asymmetricKeyDetails?.namedCurve !== namedCurve) return false;
  const end = jws.lastIndexOf(".");
  return verify(
    digest,
    Buffer.from(jws.slice(0, end)),
    { key, ...checks },
    Buffer.from(jws.slice(end + 1), "base64url"),
  );
}
