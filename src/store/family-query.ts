import type { Instant } from "../base/clock.ts";

/** Where a page of families ends: the next one begins after that row. */
export interface FamilyCursor {
  readonly mintedAt: Instant;
  readonly id: string;
}

/** Which families are listed: those of a subject, of a client, or of both. One of them must be given. */
export interface FamilyQuery {
  readonly subject?: string | undefined;
  readonly client?: string | undefined;
  /** The end of the page before; absent: the first page. */
  readonly after?: FamilyCursor | undefined;
  /** The most rows of the page. */
  readonly limit: number;
}

/** The end of a page, which says where the next one begins; undefined if it is not full, and so the last. */
export function endOfPage(page: readonly FamilyCursor[], limit: number): FamilyCursor | undefined {
  const last = page.at(-1);
  return last === undefined || page.length < limit ? undefined : { mintedAt: last.mintedAt, id: last.id };
}
