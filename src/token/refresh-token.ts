import { timingSafeEqual } from "node:crypto";

/**
 * HMAC-SHA256 of a text under one generation of the tenant's refresh key, base64url; undefined if there is no such
 * generation.
 */
export type Mac = (generation: number, text: string) => string | undefined;

/** The contents of a refresh token. */
export interface RefreshToken {
  /** The generation of the refresh key when the family was made. */
  readonly keyGeneration: number;
  readonly family: string;
  /** The number of the refresh token in its family, from 0. */
  readonly generation: number;
}

const REFRESH_TOKEN =
  /^(?<key>[1-9]\d{0,8})\.(?<family>[A-Za-z0-9_-]{22})\.(?<generation>0|[1-9]\d{0,8})\.(?<mac>[A-Za-z0-9_-]{43})$/;

/** Formats a token as `<key generation>.<family>.<generation>.<mac>`; undefined if the key is unknown. */
export function formatRefreshToken(token: RefreshToken, mac: Mac): string | undefined {
  const proof = mac(token.keyGeneration, signedPart(token));
  return proof === undefined ? undefined : `${named(token)}.${proof}`;
}

/** Whether the text has the shape of a refresh token, genuine or not. */
export function looksLikeRefreshToken(text: string): boolean {
  return REFRESH_TOKEN.test(text);
}

/** The generation of the refresh key in the text; undefined if it is not a refresh token. */
export function keyGenerationOf(text: string): number | undefined {
  const key = REFRESH_TOKEN.exec(text)?.groups?.key;
  return key === undefined ? undefined : Number(key);
}

/** Parses a token whose MAC proves that this tenant made it; undefined for any other text. */
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

/** The label separates this use of the key from any other. */
function signedPart(token: RefreshToken): string {
  return `mintmark refresh token\n${named(token)}`;
}
