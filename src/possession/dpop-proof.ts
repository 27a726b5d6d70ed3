import { hash } from "node:crypto";
import { type Instant, toSeconds } from "../base/clock.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import { readCompactJws } from "../token/compact-jws.ts";
import { DPOP_ALGORITHMS, isSignedBy } from "./proof-signature.ts";
import { publicKeyIn, thumbprintOf } from "./public-key.ts";

/** A proof's `typ` (RFC 9449 section 4.2). */
const TYPE = "dpop+jwt";

/** The longest proof, in characters: one with an RSA key of 4096 bits has less than half. */
const MAX_LENGTH = 4096;

/** The longest `jti` and `nonce`, in characters. */
const MAX_ID_LENGTH = 256;

/** What a proof must match. */
export interface Expected {
  /** The request's method. */
  readonly method: string;
  /** The request's URLs as clients know it, without query and fragment: one of them. */
  readonly urls: readonly string[];
  readonly now: Instant;
  /** How old a proof may be, in seconds. */
  readonly window: number;
  /** By how much the client's clock may differ, in seconds. */
  readonly skew: number;
  /** The access token that comes with the proof; absent: none does. */
  readonly accessToken?: string | undefined;
}

/** What a valid proof proves. */
export interface DpopProof {
  /** The thumbprint of the key that the client holds (RFC 7638), the `jkt` of tokens bound to it. */
  readonly jkt: string;
  /** Identifies the proof among those of its key. */
  readonly jti: string;
  /** Up to when it is accepted. */
  readonly expiresAt: Instant;
  readonly nonce: string | undefined;
}

/** A proof that is not accepted. The message says what was expected, and quotes nothing but times. */
export class DpopProofError extends Error {
  override readonly name = "DpopProofError";
}

/**
 * Checks a proof by itself (RFC 9449 section 4.3). Whether it was used before, and whether its nonce is one that the
 * server gave, is for the caller to check. Throws {@link DpopProofError}.
 */
export function verifyDpopProof(proof: string, expected: Expected): DpopProof {
  const { header, claims } = read(proof);
  const { alg, key, jkt } = keyOf(header);
  const { jti, iat, nonce } = checkClaims(claims, expected);
  if (!isSignedBy(proof, alg, key)) throw new DpopProofError("its signature must be one by its jwk");
  // A NumericDate may have any fraction, an instant is whole milliseconds.
  const expiresAt = Math.ceil((iat + expected.window + expected.skew) * 1000);
  return { jkt, jti, expiresAt, nonce };
}

function read(proof: string) {
  if (proof.length > MAX_LENGTH) throw new DpopProofError(`it must have at most ${MAX_LENGTH} characters`);
  const jws = readCompactJws(proof);
  if (jws === undefined) throw new DpopProofError("it must be one JWT, signed and in compact form");
  return jws;
}

function keyOf({ typ, alg, jwk, crit }: JsonObject) {
  if (typ !== TYPE) throw new DpopProofError(`its typ must be ${TYPE}`);
  if (crit !== undefined) throw new DpopProofError("it must have no critical extensions");
  const known = DPOP_ALGORITHMS.find((name) => name === alg);
  if (known === undefined) throw new DpopProofError(`its alg must be one of ${DPOP_ALGORITHMS.join(", ")}`);
  const publicKey = publicKeyIn(jwk);
  if (publicKey === undefined) throw new DpopProofError("its jwk must be a public key, and nothing but public");
  return { alg: known, key: publicKey.key, jkt: thumbprintOf(publicKey.members) };
}

function checkClaims(claims: JsonObject, expected: Expected) {
  const { jti, htm, htu, iat, nonce, ath } = claims;
  if (!isId(jti)) throw new DpopProofError(`its jti must be a text of 1 to ${MAX_ID_LENGTH} characters`);
  if (htm !== expected.method) throw new DpopProofError(`its htm must be ${expected.method}`);
  const said = typeof htu === "string" ? plainUrl(htu) : undefined;
  if (said === undefined || !expected.urls.some((url) => plainUrl(url) === said))
    throw new DpopProofError(`its htu must be ${expected.urls.join(" or ")}`);
  if (nonce !== undefined && !isId(nonce)) throw new DpopProofError("its nonce must be one that the server gave");
  if (expected.accessToken !== undefined && ath !== hash("sha256", expected.accessToken, "base64url"))
    throw new DpopProofError("its ath must be the hash of the access token");
  return { jti, nonce, iat: checkTime(iat, expected) };
}

function checkTime(iat: JsonValue | undefined, { now, window, skew }: Expected): number {
  if (typeof iat !== "number" || !Number.isFinite(iat)) throw new DpopProofError("its iat must be a time in seconds");
  const time = toSeconds(now);
  if (iat > time + skew || iat < time - window - skew) {
    throw new DpopProofError(
      `its iat is ${iat}, and the server's time is ${time}: it must be at most ${window + skew} s before that and ${skew} s after it`,
    );
  }
  return iat;
}

function isId(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_ID_LENGTH;
}

/** A URL without query and fragment, in the form that RFC 3986 sections 6.2.2 and 6.2.3 normalize it to. */
function plainUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null) return undefined;
  url.search = "";
  url.hash = "";
  return url.href;
}
