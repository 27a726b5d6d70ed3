import type { MetaRecord } from "../copy-port.ts";
import type { MetaStore } from "../port.ts";
import type { Connection } from "./connection.ts";
import type { MetaRow } from "./rows.ts";
import { upsert } from "./upsert.ts";
import { ownId, rowId } from "./values.ts";

/** Prepares the meta stores of tenants. A number is one upsert that only raises, so it can be repeated. */
export function prepareMeta({
  collections: { meta },
  bounded,
  deciding,
  run,
}: Connection): (tenant: string) => MetaStore {
  /** Resolves to the number afterwards: another node may have raised it further. */
  async function raise(tenant: string, name: string, value: number): Promise<number> {
    const options = { ...bounded, upsert: true, returnDocument: "after" } as const;
    const filter = { _id: rowId(tenant, name), tenant };
    const row = await upsert(() => meta.findOneAndUpdate(filter, { $max: { value } }, options));
    if (row === null) throw new TypeError("an upsert of a number returned no row");
    return row.value;
  }

  return (tenant) => ({
    raise: (name, value) => run(() => raise(tenant, name, value)),
    // A deciding read: an old ceiling or lifetime would let this node do what another one has already ruled out.
    read: (name) => run(async () => (await meta.findOne({ _id: rowId(tenant, name), tenant }, deciding))?.value),
  });
}

/** Converts a stored row to the record of a copy. */
export function toMeta(row: MetaRow): MetaRecord {
  return { name: ownId(row), value: row.value };
}
