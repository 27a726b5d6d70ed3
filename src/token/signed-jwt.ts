import type { JsonObject } from "../base/json.ts";
import { readCompactJws } from "./compact-jws.ts";

/**
 * Signatures that only the holder of a private key can make: not `none`, and not HMAC, as a public key could be used as
 * its secret (RFC 8725 section 2.1).
 */
export const SIGNATURE_ALGORITHMS: readonly string[] =
  "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 Ed25519 EdDSA".split(" ");

/** A JWT of somebody else, parsed but not verified. */
export interface SignedJwt {
  readonly text: string;
  /** One of {@link SIGNATURE_ALGORITHMS}. */
  readonly alg: string;
  readonly kid: string | undefined;
  readonly claims: JsonObject;
}

/** Why a text cannot be a JWT of the wanted kind. */
export type JwtFlaw =
  | "too long"
  | "malformed"
  | "algorithm not accepted"
  | "critical extensions"
  | "another kind of token";

/** What a JWT may be. */
interface Wanted {
  /** In characters. */
  readonly maxLength: number;
  /** Values of `typ` in lower case, without `application/`; it may always be absent. */
  readonly types: ReadonlySet<string>;
}

/** Parses a JWS in compact form. Returns what is wrong with it if it cannot be what is wanted (RFC 8725 section 3). */
export function readSignedJwt(text: string, { maxLength, types }: Wanted): SignedJwt | JwtFlaw {
  if (text.length > maxLength) return "too long";
  const jws = readCompactJws(text);
  if (jws === undefined) return "malformed";
  const { alg, kid, typ, crit } = jws.header;
  if (typeof alg !== "string" || !SIGNATURE_ALGORITHMS.includes(alg)) return "algorithm not accepted";
  if (crit !== undefined) return "critical extensions";
  if (!isTyped(typ, types)) return "another kind of token";
  if (kid !== undefined && typeof kid !== "string") return "malformed";
  return { text, alg, kid, claims: jws.claims };
}

/** RFC 7515 section 4.1.9: `application/` may be left out. */
function isTyped(typ: unknown, types: ReadonlySet<string>): boolean {
  return typ === undefined || (typeof typ === "string" && types.has(typ.toLowerCase().replace(/^application\//, "")));
}
