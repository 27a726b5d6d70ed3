import type { RegistrationKey, RegistrationRecord, RegistrationStore } from "../../src/store/registration-port.ts";

/** A row, and the revision of its last write. */
interface Row {
  readonly record: RegistrationRecord;
  readonly revision: number;
}

/** The registrations of a store in memory. */
export interface MemoryRegistrations {
  readonly store: RegistrationStore;
  /** Deletes at most `limit` tombstones that can be forgotten, and returns how many it deleted. */
  sweep(now: number, limit: number): number;
}

/** `later`: does work a moment later, as a store does. */
export function memoryRegistrations(later: <T>(work: () => T) => Promise<T>): MemoryRegistrations {
  const rows = new Map<string, Row>();
  let revision = 0;
  const nameOf = ({ kind, tenant, id }: RegistrationKey) => JSON.stringify([kind, tenant, id]);
  return {
    store: {
      find: (key) => later(() => rows.get(nameOf(key))?.record),
      put: (record, ifEtag) =>
        later(() => {
          const there = rows.get(nameOf(record))?.record;
          if (there?.etag !== ifEtag) return { conflict: there };
          revision++;
          rows.set(nameOf(record), { record: { ...record }, revision });
          return { revision };
        }),
      revision: () => later(() => revision),
      changes: (after, limit) =>
        later(() => {
          const since = [...rows.values()].filter((row) => row.revision > after);
          const page = since.toSorted((one, other) => one.revision - other.revision).slice(0, limit);
          const next = page.length < limit ? undefined : page.at(-1)?.revision;
          return { records: page.map(({ record }) => record), next, upTo: revision };
        }),
    },
    sweep(now, limit) {
      const over = [...rows].filter(([, { record }]) => record.purgeAt < now).slice(0, Math.max(0, limit));
      for (const [name] of over) rows.delete(name);
      return over.length;
    },
  };
}
