import type { KeyRecord, KeyUse, TenantStore } from "../store/port.ts";
import type { Instant } from "../token/clock.ts";
import { cutIds } from "../token/cut.ts";
import { LONGEST_LIFETIMES } from "../token/lifetimes.ts";
import type { Signatures, SigningKey } from "./algorithms.ts";
import type { SigningAlgorithm } from "./port.ts";
import type { ScheduledKey } from "./schedule.ts";
import type { Sealer } from "./seal.ts";

/** What all but its material tells of a key. */
export interface KeyEntry extends ScheduledKey {
  readonly use: KeyUse;
  /** The RFC 7638 thumbprint of a signing key. */
  readonly kid: string | undefined;
  readonly createdAt: Instant;
  readonly request: string | undefined;
}

/** A key that can be used: a signing key, or the bytes of an HMAC-SHA256 key. */
export interface OpenedKey<Material> extends KeyEntry {
  readonly material: Material;
}

/** All that a node knows of a tenant's keys, from one read of the store. */
export interface Snapshot {
  readonly signing: readonly OpenedKey<SigningKey>[];
  readonly refresh: readonly OpenedKey<Uint8Array>[];
  /** The longest lifetimes ever configured, in seconds. */
  readonly longest: { readonly jwt: number; readonly grant: number };
  /** When the read began. */
  readonly readAt: Instant;
}

/** What reading keys needs. */
export interface SnapshotPorts {
  readonly tenant: string;
  readonly store: TenantStore;
  readonly sealer: Sealer;
  readonly signatures: Signatures;
}

/**
 * Reads the rows, which of the keys are cut, and the longest lifetimes. What `before` has open already is not opened
 * again. Throws StoreUnavailableError, and SealError where a key does not open.
 */
export async function readSnapshot(ports: SnapshotPorts, readAt: Instant, before?: Snapshot): Promise<Snapshot> {
  const { store } = ports;
  const [rows, jwt, grant] = await Promise.all([
    store.keys.list(),
    store.meta.read(LONGEST_LIFETIMES.jwt),
    store.meta.read(LONGEST_LIFETIMES.grant),
  ]);
  const [signing, refresh] = await Promise.all([
    Promise.all(ofUse(rows, "signing").map(async (row) => ({ row, material: await signingKey(ports, row, before) }))),
    Promise.all(ofUse(rows, "refresh").map(async (row) => ({ row, material: await tokenKey(ports, row, before) }))),
  ]);
  const entries = {
    signing: signing.map(({ row, material }) => ({ ...entryOf(row, material.kid), material })),
    refresh: refresh.map(({ row, material }) => ({ ...entryOf(row, undefined), material })),
  };
  const ids = [...entries.signing, ...entries.refresh].map(cutIdOf);
  const cuts = new Set((await store.revocations.find(ids)).map(({ id }) => id));
  const marked = <K extends KeyEntry>(key: K): K => ({ ...key, isCut: cuts.has(cutIdOf(key)) });
  return {
    signing: entries.signing.map(marked),
    refresh: entries.refresh.map(marked),
    longest: { jwt: jwt ?? 0, grant: grant ?? 0 },
    readAt,
  };
}

/** The keys of one use, oldest first. */
export function keysOf(snapshot: Snapshot, use: KeyUse): readonly KeyEntry[] {
  return snapshot[use];
}

/** The id of the cut that ends all that a key made. */
export function cutIdOf({ kid, generation }: KeyEntry): string {
  return kid === undefined ? cutIds.tokenKey(generation) : cutIds.kid(kid);
}

function entryOf(
  { use, generation, algorithm, createdAt, activateAt, request }: KeyRecord,
  kid: string | undefined,
): KeyEntry {
  return { use, generation, algorithm, createdAt, activateAt, request, kid, isCut: false };
}

function ofUse(rows: readonly KeyRecord[], use: KeyUse): readonly KeyRecord[] {
  return rows.filter((row) => row.use === use).sort((a, b) => a.generation - b.generation);
}

async function signingKey(ports: SnapshotPorts, record: KeyRecord, before: Snapshot | undefined): Promise<SigningKey> {
  const known = before?.signing.find((key) => isSameRow(key, record));
  return known?.material ?? ports.signatures.load(record.algorithm as SigningAlgorithm, await open(ports, record));
}

async function tokenKey(ports: SnapshotPorts, record: KeyRecord, before: Snapshot | undefined): Promise<Uint8Array> {
  const known = before?.refresh.find((key) => isSameRow(key, record));
  return known?.material ?? Buffer.from(await open(ports, record), "base64url");
}

function open({ sealer, tenant }: SnapshotPorts, { use, generation, sealed }: KeyRecord): Promise<string> {
  return sealer.open(sealed, { tenant, use, generation });
}

/** A store that was restored from a back-up may have another key under the same generation. */
function isSameRow(key: KeyEntry, { generation, createdAt, activateAt, request }: KeyRecord): boolean {
  return (
    key.generation === generation &&
    key.createdAt === createdAt &&
    key.activateAt === activateAt &&
    key.request === request
  );
}
