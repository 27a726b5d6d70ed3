import { timingSafeEqual } from "node:crypto";
import type { Instant } from "../base/clock.ts";
import type { Mac } from "../token/refresh-token.ts";

/** How long a nonce is the newest one, in milliseconds. It is accepted for as long again. */
const SLOT = 60_000;

/** A nonce: the generation of the key that made it, and its MAC. */
const NONCE = /^(?<generation>[1-9]\d{0,8})\.(?<mac>[A-Za-z0-9_-]{43})$/;

/**
 * The nonce that proofs must have from now on (RFC 9449 section 8). It is a MAC of the time, so every node makes and
 * knows the same one, and nothing is stored. Undefined if there is no such generation.
 */
export function makeDpopNonce(now: Instant, generation: number, mac: Mac): string | undefined {
  return nonceOf(Math.floor(now / SLOT), generation, mac);
}

/**
 * Whether a nonce was given out in this slot of time or the one before it, or by a node whose clock is a slot ahead.
 */
export function isDpopNonce(nonce: string, now: Instant, mac: Mac): boolean {
  const generation = NONCE.exec(nonce)?.groups?.generation;
  if (generation === undefined) return false;
  const slot = Math.floor(now / SLOT);
  return [slot, slot - 1, slot + 1].some((one) => isEqual(nonce, nonceOf(one, Number(generation), mac)));
}

/** The label separates nonces from all else that the key authenticates. */
function nonceOf(slot: number, generation: number, mac: Mac): string | undefined {
  const proof = mac(generation, `dpop nonce ${slot}`);
  return proof === undefined ? undefined : `${generation}.${proof}`;
}

function isEqual(nonce: string, expected: string | undefined): boolean {
  if (expected === undefined || expected.length !== nonce.length) return false;
  return timingSafeEqual(Buffer.from(nonce), Buffer.from(expected));
}
