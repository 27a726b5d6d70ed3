import { endOfPage, type FamilyCursor, type FamilyQuery } from "../../src/store/family-query.ts";
import {
  type Advance,
  type FamilyPage,
  type FamilyRecord,
  type FamilyStore,
  type KeyRecord,
  type KeyStore,
  type MetaStore,
  type ReferenceTokenRecord,
  type ReferenceTokenStore,
  type RevocationRecord,
  type RevocationStore,
  type Store,
  StoreUnavailableError,
  type TallyStore,
} from "../../src/store/port.ts";
import { sharesOf } from "../../src/store/shares.ts";
import { memoryRegistrations } from "./memory-registrations.ts";

/** Does work a moment later, as a store does; refuses it once the store is closed. */
type Later = <T>(work: () => T) => Promise<T>;

interface TenantRows {
  readonly keys: KeyRecord[];
  readonly families: Map<string, FamilyRecord>;
  readonly referenceTokens: Map<string, ReferenceTokenRecord>;
  readonly revocations: Map<string, RevocationRecord>;
  readonly meta: Map<string, number>;
  readonly tallies: Map<string, { readonly count: number; readonly expiresAt: number }>;
}

/** A store in memory, for tests of what stands on a store. Once closed it is an unavailable one. */
export function createMemoryStore(): Store {
  const tenants = new Map<string, TenantRows>();
  let closed = false;

  const later: Later = async (work) => {
    if (closed) throw new StoreUnavailableError("The memory store is closed.");
    await Promise.resolve();
    return work();
  };

  function rowsOf(tenant: string): TenantRows {
    const known = tenants.get(tenant);
    if (known !== undefined) return known;
    const rows = {
      keys: [],
      families: new Map(),
      referenceTokens: new Map(),
      revocations: new Map(),
      meta: new Map(),
      tallies: new Map(),
    };
    tenants.set(tenant, rows);
    return rows;
  }

  const registrations = memoryRegistrations(later);

  return {
    maxClockSkew: 0,
    registrations: registrations.store,
    forTenant(tenant) {
      const rows = rowsOf(tenant);
      return {
        keys: memoryKeys(rows.keys, later),
        families: memoryFamilies(rows.families, later),
        referenceTokens: memoryReferenceTokens(rows.referenceTokens, later),
        revocations: memoryRevocations(rows.revocations, later),
        meta: memoryMeta(rows.meta, later),
        tallies: memoryTallies(rows.tallies, later),
      };
    },
    sweep: (now, limit) =>
      later(() => {
        let left = limit;
        const ofAll =
          (deleteFrom: (rows: TenantRows, limit: number) => number) =>
          (most: number): number => {
            let deleted = 0;
            for (const rows of tenants.values()) deleted += deleteFrom(rows, most - deleted);
            return deleted;
          };
        const kinds: readonly ((limit: number) => number)[] = [
          ofAll(({ families }, most) => deleteOver(families, (family) => family.purgeAt < now, most)),
          ofAll(({ referenceTokens }, most) => deleteOver(referenceTokens, (token) => token.expiresAt < now, most)),
          ofAll(({ revocations }, most) => deleteOver(revocations, (row) => row.expiresAt < now, most)),
          ofAll(({ tallies }, most) => deleteOver(tallies, (row) => row.expiresAt < now, most)),
          (most) => registrations.sweep(now, most),
        ];
        for (const { of: sweepKind, share } of sharesOf(kinds)) left -= sweepKind(share(left));
        return limit - left;
      }),
    async close() {
      closed = true;
    },
  };
}

function memoryKeys(rows: KeyRecord[], later: Later): KeyStore {
  return {
    list: () => later(() => rows.toSorted((a, b) => a.use.localeCompare(b.use) || a.generation - b.generation)),
    append: (next, after) =>
      later(() => {
        const newest = Math.max(0, ...rows.filter((row) => row.use === next.use).map((row) => row.generation));
        if (newest !== after || next.generation !== after + 1) return false;
        rows.push({ ...next });
        return true;
      }),
    reseal: (use, generation, from, to) =>
      later(() => {
        const index = rows.findIndex((row) => row.use === use && row.generation === generation && row.sealed === from);
        const row = rows[index];
        if (row === undefined) return false;
        rows[index] = { ...row, sealed: to };
        return true;
      }),
    forget: (createdUpTo) =>
      later(() => {
        const kept = rows.filter(({ createdAt }) => createdAt > createdUpTo);
        rows.splice(0, rows.length, ...kept);
      }),
  };
}

function memoryFamilies(rows: Map<string, FamilyRecord>, later: Later): FamilyStore {
  /** Changes the row if there is one that `applies`; tells whether it did. */
  function change(id: string, applies: (row: FamilyRecord) => boolean, changes: Partial<FamilyRecord>): boolean {
    const row = rows.get(id);
    if (row === undefined || !applies(row)) return false;
    rows.set(id, { ...row, ...changes });
    return true;
  }

  function advance(id: string, { from, to, attemptId, at, expiresAt, purgeAt }: Advance) {
    const row = rows.get(id);
    if (row === undefined || row.generation > from || row.revokedAt !== undefined) return row;
    const latest = Math.max(row.purgeAt, purgeAt);
    rows.set(id, { ...row, generation: to, rotatedAt: at, attemptId, expiresAt, purgeAt: latest });
    return "advanced";
  }

  return {
    create: (family) => later(() => insert(rows, family.id, { ...family })),
    find: (id) => later(() => rows.get(id)),
    findAll: (ids) => later(() => [...new Set(ids)].flatMap((id) => rows.get(id) ?? [])),
    list: (query) => later(() => listOf(rows.values(), query)),
    advance: (id, step) => later(() => advance(id, step)),
    reconcile: (id, attemptId, rotatedAt, purgeAt) =>
      later(() =>
        change(id, (row) => row.attemptId === attemptId, {
          rotatedAt: Math.max(rotatedAt, rows.get(id)?.rotatedAt ?? 0),
          purgeAt: Math.max(purgeAt, rows.get(id)?.purgeAt ?? 0),
        }),
      ),
    revoke: (id, at) => later(() => change(id, (row) => row.revokedAt === undefined, { revokedAt: at })),
    count: (client, now, most) => later(() => countOf(rows, client, (row) => row.purgeAt > now, most)),
  };
}

function listOf(rows: Iterable<FamilyRecord>, { subject, client, after, limit }: FamilyQuery): FamilyPage {
  const families = [...rows]
    .filter((row) => (subject ?? row.subject) === row.subject && (client ?? row.client) === row.client)
    .toSorted(byMint)
    .filter((row) => after === undefined || byMint(after, row) < 0)
    .slice(0, limit);
  return { families, next: endOfPage(families, limit) };
}

/** The last minted first, then by id, descending. */
function byMint(one: FamilyCursor, other: FamilyCursor): number {
  if (one.mintedAt !== other.mintedAt) return other.mintedAt - one.mintedAt;
  return one.id === other.id ? 0 : one.id < other.id ? 1 : -1;
}

function memoryReferenceTokens(rows: Map<string, ReferenceTokenRecord>, later: Later): ReferenceTokenStore {
  return {
    create: (token) => later(() => insert(rows, token.digest, { ...token })),
    find: (digest) => later(() => rows.get(digest)),
    count: (client, now, most) => later(() => countOf(rows, client, (row) => row.expiresAt > now, most)),
  };
}

function memoryRevocations(rows: Map<string, RevocationRecord>, later: Later): RevocationStore {
  return {
    raise: (record) =>
      later(() => {
        const { notAfter, expiresAt, ...first } = rows.get(record.id) ?? record;
        const raised = {
          notAfter: Math.max(notAfter, record.notAfter),
          expiresAt: Math.max(expiresAt, record.expiresAt),
        };
        rows.set(record.id, { ...first, ...raised });
      }),
    find: (ids) => later(() => [...new Set(ids)].flatMap((id) => rows.get(id) ?? [])),
    count: (client, now, most) => later(() => countOf(rows, client, (row) => row.expiresAt > now, most)),
  };
}

function memoryMeta(rows: Map<string, number>, later: Later): MetaStore {
  return {
    raise: (name, value) =>
      later(() => {
        const raised = Math.max(rows.get(name) ?? value, value);
        rows.set(name, raised);
        return raised;
      }),
    read: (name) => later(() => rows.get(name)),
  };
}

function memoryTallies(rows: TenantRows["tallies"], later: Later): TallyStore {
  return {
    add: (additions) =>
      later(() =>
        additions.map(({ id, by, expiresAt }) => {
          const row = rows.get(id) ?? { count: 0, expiresAt };
          rows.set(id, { ...row, count: row.count + by });
          return row.count + by;
        }),
      ),
  };
}

function countOf<T extends { readonly client?: string | undefined }>(
  rows: Map<string, T>,
  client: string,
  isLeft: (row: T) => boolean,
  most: number,
): number {
  return Math.min([...rows.values()].filter((row) => row.client === client && isLeft(row)).length, most);
}

function insert<T>(rows: Map<string, T>, key: string, row: T): void {
  if (rows.has(key)) throw new Error("A row with this id already exists.");
  rows.set(key, row);
}

function deleteOver<T>(rows: Map<string, T>, isOver: (row: T) => boolean, limit: number): number {
  const over = [...rows].filter(([, row]) => isOver(row)).slice(0, Math.max(0, limit));
  for (const [key] of over) rows.delete(key);
  return over.length;
}
