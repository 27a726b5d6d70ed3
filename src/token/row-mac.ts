import { timingSafeEqual } from "node:crypto";
import type { Instant } from "../base/clock.ts";
import type { Mac } from "./refresh-token.ts";

/** What decides a grant, and never changes. */
interface MarkedFamily {
  readonly id: string;
  readonly client: string;
  readonly namespace: string | undefined;
  readonly subject: string | undefined;
  readonly mintedAt: Instant;
  readonly decision: string;
}

/** What a reference token's row says. */
interface MarkedReferenceToken {
  readonly digest: string;
  readonly claims: string;
  readonly expiresAt: Instant;
}

/** A row's MAC: the generation of the refresh key that made it, and HMAC-SHA256 in base64url. */
const ROW_MAC = /^(?<generation>[1-9]\d{0,8})\.(?<mac>[A-Za-z0-9_-]{43})$/;

/** What the MAC of a tenant's grant is of. */
export function familyText(tenant: string, family: MarkedFamily): string {
  const { id, client, namespace, subject, mintedAt, decision } = family;
  return marked("grant", [tenant, id, client, namespace, subject, String(mintedAt), decision]);
}

/** What the MAC of a tenant's reference token is of. */
export function referenceTokenText(tenant: string, { digest, claims, expiresAt }: MarkedReferenceToken): string {
  return marked("reference token", [tenant, digest, claims, String(expiresAt)]);
}

/** The MAC of a row, `<generation>.<mac>`; undefined if there is no such generation. */
export function makeRowMac(text: string, generation: number, mac: Mac): string | undefined {
  const proof = mac(generation, text);
  return proof === undefined ? undefined : `${generation}.${proof}`;
}

/** The generation that a row's MAC names; undefined if it is none. */
export function rowMacGeneration(rowMac: string | undefined): number | undefined {
  const generation = ROW_MAC.exec(rowMac ?? "")?.groups?.generation;
  return generation === undefined ? undefined : Number(generation);
}

/** Whether a row's MAC is of this text. */
export function isRowMac(rowMac: string, text: string, mac: Mac): boolean {
  const generation = rowMacGeneration(rowMac);
  const expected = generation === undefined ? undefined : makeRowMac(text, generation, mac);
  if (expected === undefined || expected.length !== rowMac.length) return false;
  return timingSafeEqual(Buffer.from(rowMac), Buffer.from(expected));
}

/**
 * The label keeps rows apart from each other and from refresh tokens, which are under the same key. Every part is
 * preceded by its length, so that no two lists of parts read alike; one that is absent has none.
 */
function marked(kind: string, parts: readonly (string | undefined)[]): string {
  const measured = parts.map((part) => (part === undefined ? "-" : `${Buffer.byteLength(part)}:${part}`));
  return `mintmark row: ${kind}\n${measured.join("")}`;
}
