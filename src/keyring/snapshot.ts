import type { Instant } from "../base/clock.ts";
import type { KeyRecord, KeyUse, TenantStore } from "../store/port.ts";
import { LONGEST_LIFETIMES } from "../token/lifetimes.ts";
import { revocationIds } from "../token/revocation.ts";
import type { Signatures, SigningKey } from "./algorithms.ts";
import type { SigningAlgorithm } from "./port.ts";
import { bearsTheDate } from "./reseal.ts";
import type { KeyEntry, KeysRead } from "./schedule.ts";
import type { Opened, Sealer } from "./seal.ts";

/** A key that can be used: a signing key, or the bytes of an HMAC-SHA256 key. */
export interface OpenedKey<Material> extends KeyEntry, Pick<Opened, "bindsAll" | "oldRowsUntil"> {
  readonly material: Material;
  /** As it is in the row. */
  readonly sealed: string;
}

/** Everything that a node knows of a tenant's keys, from one read of the store. */
export interface Snapshot extends KeysRead {
  readonly signing: readonly OpenedKey<SigningKey>[];
  readonly refresh: readonly OpenedKey<Uint8Array>[];
}

/** What reading keys needs. */
export interface SnapshotDependencies {
  readonly tenant: string;
  readonly store: TenantStore;
  readonly sealer: Sealer;
  readonly signatures: Signatures;
}

/**
 * Reads the rows, which keys are compromised, and the longest lifetimes. Keys that are open in `before` are not opened
 * again. Throws StoreUnavailableError, and SealError if a key does not open.
 */
export async function readSnapshot(
  dependencies: SnapshotDependencies,
  readAt: Instant,
  before?: Snapshot,
): Promise<Snapshot> {
  const { store } = dependencies;
  const [rows, jwt, grant] = await Promise.all([
    store.keys.list(),
    store.meta.read(LONGEST_LIFETIMES.jwt),
    store.meta.read(LONGEST_LIFETIMES.grant),
  ]);
  const [signing, refresh] = await Promise.all([
    Promise.all(ofUse(rows, "signing").map((row) => signingKey(dependencies, row, before))),
    Promise.all(ofUse(rows, "refresh").map((row) => refreshKey(dependencies, row, before))),
  ]);
  // Read after the keys, so that a key that is compromised in between is marked at once.
  const ids = [...signing, ...refresh].map(revocationIdOf);
  const revocations = new Set((await store.revocations.find(ids)).map(({ id }) => id));
  const marked = <K extends KeyEntry>(key: K): K => ({ ...key, isCompromised: revocations.has(revocationIdOf(key)) });
  return {
    signing: signing.map(marked),
    refresh: refresh.map(marked),
    longest: { jwt: jwt ?? 0, grant: grant ?? 0 },
    readAt,
  };
}

/** Until when the tenant accepts rows without a MAC; 0: it accepts none. The seal of its first refresh key says so. */
export function oldRowsUntil({ refresh }: Snapshot): Instant {
  return refresh.find(bearsTheDate)?.oldRowsUntil ?? 0;
}

/** The id of the revocation that ends everything a key made. */
export function revocationIdOf({ kid, generation }: KeyEntry): string {
  return kid === undefined ? revocationIds.refreshKey(generation) : revocationIds.kid(kid);
}

/** Sorts oldest first, whatever the order in the store. */
function ofUse(rows: readonly KeyRecord[], use: KeyUse): readonly KeyRecord[] {
  return rows.filter((row) => row.use === use).sort((a, b) => a.generation - b.generation);
}

/**
 * Opens a signing key, unless the last read has it open: decrypting and importing one takes longer than everything
 * else.
 */
async function signingKey(
  dependencies: SnapshotDependencies,
  row: KeyRecord,
  before: Snapshot | undefined,
): Promise<OpenedKey<SigningKey>> {
  const known = before?.signing.find((key) => isSameRow(key, row));
  if (known !== undefined) return known;
  const { text, ...seal } = await open(dependencies, row);
  const material = await dependencies.signatures.load(row.algorithm as SigningAlgorithm, text);
  return { ...row, ...seal, kid: material.kid, isCompromised: false, material };
}

/** Opens a refresh key, whose material is the bytes themselves. */
async function refreshKey(
  dependencies: SnapshotDependencies,
  row: KeyRecord,
  before: Snapshot | undefined,
): Promise<OpenedKey<Uint8Array>> {
  const known = before?.refresh.find((key) => isSameRow(key, row));
  if (known !== undefined) return known;
  const { text, ...seal } = await open(dependencies, row);
  return { ...row, ...seal, kid: undefined, isCompromised: false, material: Buffer.from(text, "base64url") };
}

function open({ sealer, tenant }: SnapshotDependencies, { sealed, ...row }: KeyRecord): Promise<Opened> {
  return sealer.open(sealed, { tenant, ...row });
}

/** Compares more than generations: a store that was restored from a backup may have another key under the same one. */
function isSameRow(key: OpenedKey<unknown>, row: KeyRecord): boolean {
  const names = ["generation", "algorithm", "sealed", "createdAt", "activateAt", "request"] as const;
  return names.every((name) => key[name] === row[name]);
}
