import { hash } from "node:crypto";
import type { Random } from "../base/random.ts";

const HANDLE = /^[A-Za-z0-9_-]{43}$/;

/** Makes a reference token: 256 random bits, base64url. */
export function makeHandle(random: Random): string {
  return Buffer.from(random.bytes(32)).toString("base64url");
}

/** Whether a text has the shape of a reference token. */
export function looksLikeHandle(text: string): boolean {
  return HANDLE.test(text);
}

/**
 * What the store keeps of a handle: its SHA-256, base64url. It needs no salt, as nobody can guess 256 random bits.
 */
export function handleDigest(handle: string): string {
  return hash("sha256", handle, "base64url");
}
