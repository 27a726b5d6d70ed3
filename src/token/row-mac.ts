import { timingSafeEqual } from "node:crypto";
import type { Instant } from "../base/clock.ts";
import type { Mac } from "./refresh-token.ts";

/** The members of a grant that decide what it gives, and never change. */
interface MarkedFamily {
  readonly id: string;
  readonly client: string;
  readonly namespace: string | undefined;
  readonly subject: string | undefined;
  readonly mintedAt: Instant;
  readonly decision: string;
}

/** The members of a reference token's row. */
interface MarkedReferenceToken {
  readonly digest: string;
  readonly claims: string;
  readonly expiresAt: Instant;
}

/** A registration but for its MAC. */
interface MarkedRegistration {
  readonly kind: string;
  readonly tenant: string;
  readonly id: string;
  readonly document: string;
  readonly etag: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly deletedAt: Instant | undefined;
  readonly purgeAt: Instant;
}

/** A row's MAC: the generation of the refresh key that made it, and HMAC-SHA256 in base64url. */
const ROW_MAC = /^(?<generation>[1-9]\d{0,8})\.(?<mac>[A-Za-z0-9_-]{43})$/;

/** The text that the MAC of a grant's row covers. */
export function familyText(tenant: string, family: MarkedFamily): string {
  const { id, client, namespace, subject, mintedAt, decision } = family;
  return marked("grant", [tenant, id, client, namespace, subject, String(mintedAt), decision]);
}

/** The text that the MAC of a reference token's row covers. */
export function referenceTokenText(tenant: string, { digest, claims, expiresAt }: MarkedReferenceToken): string {
  return marked("reference token", [tenant, digest, claims, String(expiresAt)]);
}

/** The text that the MAC of a registration covers: all of it. */
export function registrationText(registration: MarkedRegistration): string {
  const { kind, tenant, id, document, etag, createdAt, updatedAt, deletedAt, purgeAt } = registration;
  const times = [createdAt, updatedAt, deletedAt, purgeAt].map((time) => time?.toString());
  return marked("registration", [kind, tenant, id, document, etag, ...times]);
}

/** The MAC of a row, `<generation>.<mac>`; undefined if there is no such generation. */
export function makeRowMac(text: string, generation: number, mac: Mac): string | undefined {
  const proof = mac(generation, text);
  return proof === undefined ? undefined : `${generation}.${proof}`;
}

/** The generation in a row's MAC; undefined if it is malformed. */
export function rowMacGeneration(rowMac: string | undefined): number | undefined {
  const generation = ROW_MAC.exec(rowMac ?? "")?.groups?.generation;
  return generation === undefined ? undefined : Number(generation);
}

/** Whether a row's MAC is the one of this text. */
export function isRowMac(rowMac: string, text: string, mac: Mac): boolean {
  const generation = rowMacGeneration(rowMac);
  const expected = generation === undefined ? undefined : makeRowMac(text, generation, mac);
  if (expected === undefined || expected.length !== rowMac.length) return false;
  return timingSafeEqual(Buffer.from(rowMac), Buffer.from(expected));
}

/**
 * The label separates kinds of rows from each other and from refresh tokens, which use the same key. Every part is
 * preceded by its length, so that no two lists of parts read alike; an absent part has none.
 */
function marked(kind: string, parts: readonly (string | undefined)[]): string {
  const measured = parts.map((part) => (part === undefined ? "-" : `${Buffer.byteLength(part)}:${part}`));
  return `mintmark row: ${kind}\n${measured.join("")}`;
}
