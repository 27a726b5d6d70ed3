import type { SQLOutputValue } from "node:sqlite";
import type { KeyRecord, KeyStore, KeyUse } from "../port.ts";
import { changed, number, optional, text } from "./columns.ts";
import type { Connection } from "./connection.ts";

/** Sorted as the port promises. */
const LIST = `
  SELECT use, generation, algorithm, sealed, created_at, activate_at, request FROM keys
  WHERE tenant = :tenant ORDER BY use, generation`;

/**
 * Appends only the generation after the newest. Of two nodes that saw the same newest one, the second writes nothing,
 * and learns that from the number of changes.
 */
const APPEND = `
  INSERT INTO keys (tenant, use, generation, algorithm, sealed, created_at, activate_at, request)
  SELECT :tenant, :use, :generation, :algorithm, :sealed, :createdAt, :activateAt, :request
  WHERE :generation = :after + 1
    AND :after = (SELECT coalesce(max(generation), 0) FROM keys WHERE tenant = :tenant AND use = :use)`;

/** Compare-and-set, so that two nodes that reseal at once do not undo each other. */
const RESEAL = `
  UPDATE keys SET sealed = :to
  WHERE tenant = :tenant AND use = :use AND generation = :generation AND sealed = :from`;

const FORGET = "DELETE FROM keys WHERE tenant = :tenant AND created_at <= :createdUpTo";

/** Prepares the statements; returns the key stores of tenants. */
export function prepareKeys({ database, read, write }: Connection): (tenant: string) => KeyStore {
  const list = database.prepare(LIST);
  const append = database.prepare(APPEND);
  const reseal = database.prepare(RESEAL);
  const forget = database.prepare(FORGET);
  return (tenant) => ({
    list: () => read(() => list.all({ tenant }).map(toKey)),
    append: (next, after) =>
      write(() => changed(append.run({ ...next, tenant, request: next.request ?? null, after }))),
    reseal: (use, generation, from, to) => write(() => changed(reseal.run({ tenant, use, generation, from, to }))),
    forget: (createdUpTo) => write(() => void forget.run({ tenant, createdUpTo })),
  });
}

/** Converts a row of the table to the port's record. */
export function toKey(row: Record<string, SQLOutputValue>): KeyRecord {
  return {
    use: toUse(text(row.use)),
    generation: number(row.generation),
    algorithm: text(row.algorithm),
    sealed: text(row.sealed),
    createdAt: number(row.created_at),
    activateAt: number(row.activate_at),
    request: optional(row.request, text),
  };
}

/** Refuses an unknown use: a row of another version could mean anything. */
function toUse(use: string): KeyUse {
  if (use !== "signing" && use !== "refresh") throw new TypeError("unknown use of a key in the database");
  return use;
}
