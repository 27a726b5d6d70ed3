import { FOREVER } from "../../base/clock.ts";
import { endOfPage, type FamilyQuery } from "../family-query.ts";
import type { FamilyPage } from "../port.ts";
import type { Connection } from "./connection.ts";
import { toFamily } from "./family-row.ts";

/** Later than every mint, as rows before the first page would be. */
const START = { mintedAt: FOREVER, id: "" } as const;

/** Prepares the statements; returns the lists of tenants. */
export function prepareFamilyList({
  database,
  read,
}: Connection): (tenant: string) => (query: FamilyQuery) => Promise<FamilyPage> {
  const bySubject = database.prepare(listQuery("subject"));
  const byClient = database.prepare(listQuery("client"));
  const byBoth = database.prepare(listQuery("subject", "AND client = :client"));

  function rowsOf(tenant: string, { subject, client, after = START, limit }: FamilyQuery) {
    const page = { tenant, mintedAt: after.mintedAt, id: after.id, limit };
    if (subject === undefined) return byClient.all({ ...page, client: client ?? null });
    return client === undefined ? bySubject.all({ ...page, subject }) : byBoth.all({ ...page, subject, client });
  }

  return (tenant) => (query) =>
    read(() => {
      const families = rowsOf(tenant, query).map(toFamily);
      return { families, next: endOfPage(families, query.limit) };
    });
}

/** Names the index: SQLite may otherwise prefer another column's, and then sorts all rows of the tenant. */
function listQuery(by: "subject" | "client", also = ""): string {
  return `
    SELECT * FROM families INDEXED BY families_listed_by_${by}
    WHERE tenant = :tenant AND ${by} = :${by} ${also} AND (minted_at, id) < (:mintedAt, :id)
    ORDER BY minted_at DESC, id DESC LIMIT :limit`;
}
