import type { Entry } from "../../registry/entries.ts";
import type { ListRequest } from "../registry-request.ts";
import { pageSizeOf, readPageToken, writePageToken } from "./pages.ts";

/** An entry's place in a list: its id, and whether it is the shadowed one of that id. */
type Cursor = readonly [id: string, isShadowed: boolean];

/** Some of these entries, which are sorted by id and of one id the one that counts first. Throws OAuthError `invalid_request`. */
export function pageOf(
  entries: readonly Entry[],
  { filter = "", pageSize, pageToken }: ListRequest,
): { readonly page: readonly Entry[]; readonly nextPageToken: string | undefined } {
  const limit = pageSizeOf(pageSize);
  const after = pageToken === undefined ? undefined : readPageToken(pageToken, isCursor);
  const wanted = filter.toLowerCase();
  const found = entries
    .filter((entry) => entry.id.toLowerCase().includes(wanted))
    .filter((entry) => after === undefined || isAfter([entry.id, entry.isShadowed], after));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const isAll = found.length <= limit || last === undefined;
  return { page, nextPageToken: isAll ? undefined : writePageToken([last.id, last.isShadowed]) };
}

function isCursor(value: readonly unknown[]): value is Cursor {
  return value.length === 2 && typeof value[0] === "string" && typeof value[1] === "boolean";
}

function isAfter([id, isShadowed]: Cursor, [afterId, afterShadowed]: Cursor): boolean {
  return id > afterId || (id === afterId && isShadowed && !afterShadowed);
}
