import { isDeepStrictEqual } from "node:util";
import type { Instant } from "../base/clock.ts";
import type { CopyableStore, StoredRow } from "./copy-port.ts";
import type {
  FamilyRecord,
  FamilyStore,
  KeyRecord,
  KeyStore,
  ReferenceTokenRecord,
  ReferenceTokenStore,
  Store,
} from "./port.ts";

/** How many rows are written side by side. */
const BATCH = 500;

/** What ends within this time of the end of the copy, in milliseconds, is not counted: a store may delete it meanwhile. */
const COUNTED_FOR = 600_000;

/** A row that is no key. */
type OtherRow = Exclude<StoredRow, { readonly kind: "key" }>;

/** The rows of each kind. */
type Counts = Readonly<Record<StoredRow["kind"], number>>;

/** Nothing of value was lost, but the copy cannot be relied on. Its message says why. */
export class CopyError extends Error {
  override readonly name = "CopyError";
}

/**
 * Copies all rows of a store whose nodes are stopped. It may be done again, after it was interrupted or the source was
 * used for some more time: a row that is there is brought forward, never back. Resolves to how many rows of each kind
 * both stores have.
 *
 * `progress` hears every now and then how many rows were copied so far.
 *
 * Throws {@link CopyError} if the source is empty, if the target has keys of its own, or if the counts of the
 * two differ in the end; and StoreUnavailableError.
 */
export async function copyStore(
  from: CopyableStore,
  to: CopyableStore,
  now: () => Instant,
  progress: (rows: number) => void = () => undefined,
): Promise<Counts> {
  const started = now();
  let keys = 0;
  let others = 0;
  let batch: OtherRow[] = [];
  for await (const row of from.dump()) {
    // One after the other, and before all else: a token is worth nothing without its key.
    if (row.kind === "key") {
      await copyKey(to.forTenant(row.tenant).keys, row.record);
      keys++;
    } else if (endOf(row) > started && batch.push(row) === BATCH) {
      await Promise.all(batch.map((one) => copyRow(to, one)));
      others += batch.length;
      progress(keys + others);
      batch = [];
    }
  }
  if (keys === 0) throw new CopyError("There is nothing to copy: the source has no keys.");
  await Promise.all(batch.map((one) => copyRow(to, one)));
  progress(keys + others + batch.length);

  const end = now() + COUNTED_FOR;
  const [wanted, copied] = [await count(from, end), await count(to, end)];
  if (isDeepStrictEqual(wanted, copied)) return copied;
  throw new CopyError(`The stores differ: the source has ${tell(wanted)}; the target has ${tell(copied)}.`);
}

/** Appends a key, or brings one that is there to the seal that it has now. */
async function copyKey(keys: KeyStore, key: KeyRecord): Promise<void> {
  if (await keys.append(key, key.generation - 1)) return;
  const there = (await keys.list()).find(({ use, generation }) => use === key.use && generation === key.generation);
  if (there === undefined || !isDeepStrictEqual({ ...there, sealed: key.sealed }, key)) {
    throw new CopyError("The target has keys of its own: copy into an empty store.");
  }
  await keys.reseal(key.use, key.generation, there.sealed, key.sealed);
}

async function copyRow(to: Store, row: OtherRow): Promise<void> {
  const tenant = to.forTenant(row.tenant);
  switch (row.kind) {
    case "meta":
      await tenant.meta.raise(row.record.name, row.record.value);
      break;
    case "revocation":
      await tenant.revocations.raise(row.record);
      break;
    case "reference token":
      await copyReferenceToken(tenant.referenceTokens, row.record);
      break;
    case "family":
      await copyFamily(tenant.families, row.record);
      break;
  }
}

async function copyReferenceToken(tokens: ReferenceTokenStore, token: ReferenceTokenRecord): Promise<void> {
  // It is never changed, so one that is there is this one.
  if ((await tokens.find(token.digest)) === undefined) await tokens.create(token);
}

async function copyFamily(families: FamilyStore, family: FamilyRecord): Promise<void> {
  const there = await families.find(family.id);
  if (there === undefined) return families.create(family);
  if (isFurther(family, there)) {
    const { attemptId, rotatedAt, expiresAt, purgeAt } = family;
    const step = { from: there.generation, to: family.generation, attemptId, at: rotatedAt, expiresAt, purgeAt };
    await families.advance(family.id, step);
  }
  if (family.revokedAt !== undefined) await families.revoke(family.id, family.revokedAt);
}

/** Whether a family was refreshed or reconciled since the other was copied from it; the rest of it never changes. */
function isFurther(family: FamilyRecord, other: FamilyRecord): boolean {
  if (family.generation !== other.generation) return family.generation > other.generation;
  if (family.rotatedAt !== other.rotatedAt) return family.rotatedAt > other.rotatedAt;
  return family.purgeAt > other.purgeAt;
}

async function count(store: CopyableStore, end: Instant): Promise<Counts> {
  const counts = { key: 0, meta: 0, revocation: 0, "reference token": 0, family: 0 };
  for await (const row of store.dump()) {
    if (endOf(row) > end) counts[row.kind]++;
  }
  return counts;
}

/** When a row's time is over: what has none never ends. */
function endOf(row: StoredRow): Instant {
  switch (row.kind) {
    case "family":
      return row.record.purgeAt;
    case "revocation":
    case "reference token":
      return row.record.expiresAt;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

/** Counts as text, such as `2 keys, 0 revocations`. */
export function tell({ key, meta, revocation, family, "reference token": token }: Counts): string {
  return `${key} keys, ${family} families, ${token} reference tokens, ${revocation} revocations and ${meta} numbers`;
}
