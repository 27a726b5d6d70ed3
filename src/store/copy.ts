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
import type { RegistrationRecord, RegistrationStore } from "./registration-port.ts";

/** How many rows are written concurrently. */
const BATCH = 500;

/**
 * Rows that expire within this time of the end of the copy, in milliseconds, are not counted: a store may delete them
 * in the meantime.
 */
const COUNTED_FOR = 600_000;

/** A row other than a key. */
type OtherRow = Exclude<StoredRow, { readonly kind: "key" }>;

/** The rows of each kind. */
type Counts = Readonly<Record<StoredRow["kind"], number>>;

/** A copy that must not be used. Nothing was lost; the message says what went wrong. */
export class CopyError extends Error {
  override readonly name = "CopyError";
}

/**
 * Copies all rows of a store whose nodes are stopped. May be repeated, after an interruption or after the source was
 * used again: a row that already exists is brought forward, never back. Resolves to the number of rows of each kind,
 * which is the same in both stores.
 *
 * `progress` is told from time to time how many rows were copied so far.
 *
 * Throws {@link CopyError} if the source is empty, if the target has keys of its own, or if the two counts differ in
 * the end; and StoreUnavailableError.
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
    // Keys go first, one after the other: append takes them in order, and a token is worth nothing without its key.
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

/** Appends a key. If it already exists, it gets the seal that it has in the source. */
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
    case "registration":
      await copyRegistration(to.registrations, row.record);
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

async function copyRegistration(registrations: RegistrationStore, record: RegistrationRecord): Promise<void> {
  const there = await registrations.find(record);
  if (there === undefined || record.updatedAt > there.updatedAt) await registrations.put(record, there?.etag);
}

async function copyReferenceToken(tokens: ReferenceTokenStore, token: ReferenceTokenRecord): Promise<void> {
  // A reference token never changes, so an existing row is this one.
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
  // Last: a revoked row can no longer advance.
  if (family.revokedAt !== undefined) await families.revoke(family.id, family.revokedAt);
}

/** Whether a family was refreshed or reconciled after the other was copied from it. Nothing else about it changes. */
function isFurther(family: FamilyRecord, other: FamilyRecord): boolean {
  if (family.generation !== other.generation) return family.generation > other.generation;
  if (family.rotatedAt !== other.rotatedAt) return family.rotatedAt > other.rotatedAt;
  return family.purgeAt > other.purgeAt;
}

async function count(store: CopyableStore, end: Instant): Promise<Counts> {
  const counts = { key: 0, meta: 0, registration: 0, revocation: 0, "reference token": 0, family: 0 };
  for await (const row of store.dump()) {
    if (endOf(row) > end) counts[row.kind]++;
  }
  return counts;
}

/** When a row expires; never if it has no expiry. */
function endOf(row: StoredRow): Instant {
  switch (row.kind) {
    case "family":
    case "registration":
      return row.record.purgeAt;
    case "revocation":
    case "reference token":
      return row.record.expiresAt;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

/** Describes counts as text, such as `2 keys, 0 revocations`. */
export function tell({ key, meta, registration, revocation, family, "reference token": token }: Counts): string {
  return (
    `${key} keys, ${registration} registrations, ${family} families, ${token} reference tokens, ` +
    `${revocation} revocations and ${meta} numbers`
  );
}
