import type { Store } from "../port.ts";
import { sharesOf } from "../shares.ts";
import type { Connection } from "./connection.ts";

/**
 * Deletes the oldest rows first. FOREVER is before no instant, so what is kept forever is never deleted; keys and meta
 * do not expire.
 */
const SWEEPS: readonly string[] = [
  `DELETE FROM families WHERE rowid IN
    (SELECT rowid FROM families WHERE purge_at < :now ORDER BY purge_at LIMIT :limit)`,
  `DELETE FROM reference_tokens WHERE rowid IN
    (SELECT rowid FROM reference_tokens WHERE expires_at < :now ORDER BY expires_at LIMIT :limit)`,
  `DELETE FROM revocations WHERE (tenant, id) IN
    (SELECT tenant, id FROM revocations WHERE expires_at < :now ORDER BY expires_at LIMIT :limit)`,
  `DELETE FROM tallies WHERE (tenant, id) IN
    (SELECT tenant, id FROM tallies WHERE expires_at < :now ORDER BY expires_at LIMIT :limit)`,
  `DELETE FROM registrations WHERE rowid IN
    (SELECT rowid FROM registrations WHERE purge_at < :now ORDER BY purge_at LIMIT :limit)`,
];

/** Prepares the statements; returns the store's `sweep`. */
export function prepareSweep({ database, write }: Connection): Store["sweep"] {
  const sweeps = SWEEPS.map((sql) => database.prepare(sql));
  return (now, limit) =>
    write(() => {
      let left = limit;
      for (const { of: sweep, share } of sharesOf(sweeps)) {
        // SQLite takes a negative limit for no limit.
        if (left > 0) left -= Number(sweep.run({ now, limit: share(left) }).changes);
      }
      return limit - left;
    });
}
