import { timingSafeEqual } from "node:crypto";

/** HMAC-SHA256 of a text under one generation of the tenant's refresh key, base64url; undefined: no such generation. */
export type Mac = (generation: number, text: string) => string | undefined;

/** What a refresh token names. */
export interface RefreshToken {
  /** The generation of the refresh key when the family was made. */
  readonly keyGeneration: number;
  readonly family: string;
  /** Counts the family's refresh tokens from 0. */
  readonly generation: number;
}

const REFRESH_TOKEN =
  /^(?<key>[1-9]\d{0,8})\.(?<family>[A-Za-z0-9_-]{22})\.(?<generation>0|[1-9]\d{0,8})\.(?<mac>[A-Za-z0-9_-]{43})$/;

/** The token's text, `<key generation>.<family>.<generation>.<mac>`; undefined if the key is unknown. */
export function formatRefreshToken(token: RefreshToken, mac: Mac): string | undefined {
  const proof = mac(token.keyGeneration, signedPart(token));
  return proof === undefined ? undefined : `${named(token)}.${proof}`;
}

/** Whether the text has the shape of a refresh token, genuine or not. */
export function looksLikeRefreshToken(text: string): boolean {
  return REFRESH_TOKEN.test(text);
}

/** The generation of the refresh key that the text names; undefined if it is no refresh token. */
export function keyGenerationOf(text: string): number | undefined {
  const key = REFRESH_TOKEN.exec(text)?.groups?.key;
  return key === undefined ? undefined : Number(key);
}

/** What the token names, once its mac has proven that this tenant made it; undefined for any other text. */
export function parseRefreshToken(text: string, mac: Mac): RefreshToken | undefined {
  const { key, family, generation, mac: given } = REFRESH_TOKEN.exec(text)?.groups ?? {};
  if (key === undefined || family === undefined || generation === undefined || given === undefined) return undefined;
  const token = { keyGeneration: Number(key), family, generation: Number(generation) };
  const expected = mac(token.keyGeneration, signedPart(token));
  if (expected === undefined) return undefined;
  return timingSafeEqual(Buffer.from(given), Buffer.from(expected)) ? token : undefined;
}

function named(token: RefreshToken): string {
  return `${token.keyGeneration}.${token.family}.${token.generation}`;
}

/** The label keeps this use of the key apart from any other. */
function signedPart(token: RefreshToken): string {
  return `mintmark refresh token\n${named(token)}`;
}
