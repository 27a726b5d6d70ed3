import type { Instant } from "../base/clock.ts";
import { isJsonObject, type JsonObject } from "../base/json.ts";
import type { StoredEntry } from "./document.ts";
import type { Snapshot } from "./snapshot.ts";
import type { StoredRow } from "./stored-part.ts";
import type { TenantPart, Used } from "./tenant-part.ts";

/** What an entry is of. */
export type EntryKind = "tenant" | "client";

/** What may be told of a secret: never a hash. */
interface SecretSummary {
  /** For one in the file, its position there. */
  readonly id: string;
  readonly createdAt?: Instant | undefined;
  readonly notBefore?: Instant | undefined;
  readonly expiresAt?: Instant | undefined;
}

/** An entry of either source. */
export interface Entry {
  readonly kind: EntryKind;
  readonly tenant: string;
  /** The client's id, or the tenant's. */
  readonly id: string;
  readonly source: "file" | "stored";
  /** Whether it does not count, as the file has one with its id. */
  readonly isShadowed: boolean;
  /** What it says in the words of the file: of a client without `secrets`, of a tenant without `clients`. */
  readonly words: JsonObject;
  readonly secrets: readonly SecretSummary[];
  /** Undefined, like the times, for one in the file. */
  readonly etag: string | undefined;
  readonly createdAt: Instant | undefined;
  readonly updatedAt: Instant | undefined;
  /** Why it is not used as it is written, one line each. */
  readonly problems: readonly string[];
}

/** The entry of a row. */
export function storedEntry({ record, says }: StoredRow, problems: readonly string[], isShadowed: boolean): Entry {
  const { kind, tenant, id, etag, createdAt, updatedAt } = record;
  const { entry: words, secrets }: StoredEntry = "problems" in says ? { entry: {}, secrets: [] } : says;
  return {
    kind: kind === "tenant" ? "tenant" : "client",
    tenant,
    id,
    source: "stored",
    isShadowed,
    words,
    secrets: secrets.map(({ hash: _, ...summary }) => summary),
    etag,
    createdAt,
    updatedAt,
    problems,
  };
}

/** Lists for pages, made once for each snapshot. */
const tenantLists = new WeakMap<Snapshot, readonly Entry[]>();
const clientLists = new WeakMap<TenantPart, readonly Entry[]>();

/** All tenants, sorted by id; of one id, the one in the file first. */
export function tenantEntries(snapshot: Snapshot): readonly Entry[] {
  return remembered(tenantLists, snapshot, () =>
    [...snapshot.parts.values()].flatMap((part) => ofTenant(part, snapshot)).toSorted(byId),
  );
}

/** All clients of a tenant, sorted by id; of one id, the one in the file first. */
export function clientEntries(snapshot: Snapshot, tenant: string): readonly Entry[] {
  const part = snapshot.parts.get(tenant);
  if (part === undefined) return [];
  return remembered(clientLists, part, () => {
    const ids = new Set([...(part.inFile?.clients.keys() ?? []), ...part.registered.keys()]);
    return [...ids].flatMap((id) => ofClient(part, id, snapshot)).toSorted(byId);
  });
}

/** The entries with that id: the one that counts first. */
export function entriesOf(snapshot: Snapshot, kind: EntryKind, tenant: string, id: string): readonly Entry[] {
  const part = snapshot.parts.get(tenant);
  if (part === undefined) return [];
  return kind === "tenant" ? ofTenant(part, snapshot) : ofClient(part, id, snapshot);
}

function ofTenant({ id, inFile, rows, stored }: TenantPart, snapshot: Snapshot): readonly Entry[] {
  const { clients: _, ...words } = snapshot.file.words.get(id) ?? {};
  return [
    ...(inFile === undefined ? [] : [fileEntry("tenant", id, id, words, 0)]),
    ...fromRow(rows.tenant, stored, inFile !== undefined),
  ];
}

function ofClient(part: TenantPart, id: string, snapshot: Snapshot): readonly Entry[] {
  const client = part.inFile?.clients.get(id);
  const { clients } = snapshot.file.words.get(part.id) ?? {};
  const said = isJsonObject(clients) ? clients[id] : undefined;
  const { secrets: _, ...words } = isJsonObject(said) ? said : {};
  return [
    ...(client === undefined ? [] : [fileEntry("client", part.id, id, words, client.secrets.length)]),
    ...fromRow(part.registered.get(id), part.clients.get(id), client !== undefined),
  ];
}

function fromRow(row: StoredRow | undefined, used: Used<unknown> | undefined, isShadowed: boolean): readonly Entry[] {
  return row === undefined ? [] : [storedEntry(row, used?.problems ?? [], isShadowed)];
}

function fileEntry(kind: EntryKind, tenant: string, id: string, words: JsonObject, secretCount: number): Entry {
  const times = { etag: undefined, createdAt: undefined, updatedAt: undefined };
  const secrets = Array.from({ length: secretCount }, (_, index) => ({ id: String(index) }));
  return { kind, tenant, id, source: "file", isShadowed: false, words, secrets, ...times, problems: [] };
}

function byId(one: Entry, other: Entry): number {
  if (one.id === other.id) return 0;
  return one.id < other.id ? -1 : 1;
}

function remembered<Of extends object, T>(lists: WeakMap<Of, T>, of: Of, make: () => T): T {
  const known = lists.get(of) ?? make();
  lists.set(of, known);
  return known;
}
