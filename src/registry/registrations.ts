import { type Clock, FOREVER, type Instant } from "../base/clock.ts";
import { UnavailableError } from "../base/unavailable.ts";
import { normalizeUrl } from "../base/url.ts";
import type { RegistrationKey, RegistrationRecord, RegistrationStore } from "../store/registration-port.ts";
import { formatDocument, NOTHING_WRITTEN } from "./document.ts";
import { type EffectiveSetting, effectiveSettings } from "./effective.ts";
import { clientEntries, type Entry, type EntryKind, entriesOf, storedEntry, tenantEntries } from "./entries.ts";
import type { Follower } from "./follower.ts";
import type { IssuerReservations } from "./issuer-reservations.ts";
import type { Keeping } from "./keeping.ts";
import type { Prover } from "./proof.ts";
import {
  assertNotInFile,
  assertPossible,
  assertUnused,
  assertUsable,
  type Change,
  currentOf,
  nameOf,
  stale,
} from "./registration-change.ts";
import { RegistrationError } from "./registration-error.ts";
import type { Registry } from "./registry.ts";
import type { RowMaker } from "./row-maker.ts";
import { buildSnapshot, type Snapshot } from "./snapshot.ts";
import { isTombstone, readRow, type StoredRow, withRows } from "./stored-part.ts";
import type { Tenant } from "./tenant.ts";

/** How long one read of what is stored may take, in milliseconds, for an answer to say by when every node has it. */
const LONGEST_READ = 1_000;

/** How often a write that others are faster than is tried, if its caller has not said which row it has seen. */
const TRIES = 8;

/** What became of a change. */
interface Written {
  /** Undefined if it was deleted. */
  readonly entry: Entry | undefined;
  /** By when every node that can read the store acts by it. */
  readonly effectiveAt: Instant;
  /** By when no node acts by what was before, whatever became of it. */
  readonly certainAt: Instant;
  /** Whether an earlier try of the same request had written it. */
  readonly isRepeated: boolean;
  /** Until when nobody can have the name of what was deleted; undefined: it was not. */
  readonly keptUntil: Instant | undefined;
}

/** What writing registrations needs. Times in milliseconds. */
interface RegistrationsDependencies {
  readonly registry: Registry;
  readonly follower: Follower;
  readonly store: RegistrationStore;
  readonly clock: Pick<Clock, "now">;
  readonly prover: Prover;
  readonly rows: RowMaker;
  readonly issuers: IssuerReservations;
  readonly keeping: Keeping;
  /** Records for how long the tokens of a tenant can matter. */
  readonly recordLifetimes: (tenant: Tenant) => Promise<void>;
  /** Makes the keys of a tenant, unless they are there. */
  readonly makeKeys: (tenant: Tenant) => Promise<void>;
  readonly maxClockSkew: number;
  readonly pollEvery: number;
}

/** A change that has passed all checks. */
interface Plan {
  readonly record: RegistrationRecord;
  /** The row that it replaces. */
  readonly there: RegistrationRecord | undefined;
  /** What a node serves afterwards. */
  readonly next: Snapshot;
  readonly isRepeated: boolean;
}

/** What operators register at run time, beside what the file says. */
export class Registrations {
  readonly #dependencies: RegistrationsDependencies;

  constructor(dependencies: RegistrationsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Reads what others have written, for an answer that has it. Throws StoreUnavailableError. */
  catchUp(): Promise<void> {
    return this.#dependencies.follower.poll();
  }

  /** The tenant as this node serves it now, with its clients of both sources. */
  tenant(id: string): Tenant | undefined {
    return this.#dependencies.registry.tenant(id);
  }

  /** The entries with that id, as this node knows them: the one that counts first. */
  find(kind: EntryKind, tenant: string, id: string): readonly Entry[] {
    return entriesOf(this.#snapshot, kind, tenant, id);
  }

  /** All tenants' entries, as this node knows them, sorted by id; of one id, the one in the file first. */
  tenants(): readonly Entry[] {
    return tenantEntries(this.#snapshot);
  }

  /** The entries of a tenant's clients, in the same way. */
  clients(tenant: string): readonly Entry[] {
    return clientEntries(this.#snapshot, tenant);
  }

  /** Everything that holds for a client, as this node serves it, and where it comes from; undefined if it serves none. */
  effective(tenant: string, client: string): Readonly<Record<string, EffectiveSetting>> | undefined {
    return effectiveSettings(this.#snapshot, tenant, client);
  }

  /**
   * Creates, changes or deletes an entry. It is checked by the rules of the file, its lifetimes are recorded, and its row
   * is written if nobody else has changed it meanwhile; this node acts by it at once.
   *
   * Throws {@link RegistrationError} if it is refused, and StoreUnavailableError if it may or may not be written.
   */
  async write(change: Change): Promise<Written> {
    // What others have written counts for the checks.
    await this.catchUp();
    for (let tries = 0; tries < TRIES; tries++) {
      const plan = await this.#plan(change);
      if (change.validateOnly) await this.#assertIssuerFree(plan);
      if (plan.isRepeated || change.validateOnly || (await this.#carryOut(plan))) return this.#written(plan);
      if (change.ifEtag !== undefined) break;
      await this.catchUp();
    }
    throw stale(change);
  }

  get #snapshot(): Snapshot {
    return this.#dependencies.registry.snapshot;
  }

  async #plan(change: Change): Promise<Plan> {
    const { store, prover, rows } = this.#dependencies;
    const snapshot = this.#snapshot;
    const key: RegistrationKey = { kind: change.kind, tenant: change.tenant, id: change.id };
    assertNotInFile(snapshot, change);
    const there = await store.find(key);
    const row = there && readRow(there, prover);
    if (there !== undefined && isRequest(row, change))
      return { record: there, there, next: snapshot, isRepeated: true };
    const isThere = row !== undefined && !isTombstone(row);
    if (change.ifEtag !== undefined && change.ifEtag !== (isThere ? row.record.etag : undefined)) throw stale(change);
    const made = change.make(isThere ? currentOf(row, change) : undefined);
    if (made === undefined && !isThere) throw new RegistrationError("missing", [`${nameOf(change)} does not exist`]);
    const document = formatDocument({ ...(made ?? NOTHING_WRITTEN), request: change.request });
    if (made === undefined && there !== undefined) {
      assertUnused(snapshot, change);
      // A tenant's goes once its keys have gone.
      const purgeAt = change.kind === "tenant" ? FOREVER : await this.#keptUntil(change.tenant);
      const record = rows.tombstone(there, document, purgeAt);
      return { record, there, next: this.#after(record), isRepeated: false };
    }
    assertPossible(snapshot, change, row && (await this.#nameUntil(row)));
    const record = rows.living(key, document, there);
    const next = this.#after(record);
    assertUsable(next, snapshot, change);
    return { record, there, next, isRepeated: false };
  }

  /** Resolves to whether it was written: not if somebody else was faster. */
  async #carryOut({ record, there, next }: Plan): Promise<boolean> {
    const { store, issuers, recordLifetimes, makeKeys } = this.#dependencies;
    const isTenant = record.kind === "tenant";
    const tenant = record.deletedAt === undefined ? next.tenants.get(record.tenant) : undefined;
    const before = this.tenant(record.tenant);
    // Everything that an entry needs is there before any node can see it.
    const reservation =
      tenant && isTenant ? await issuers.reserve(tenant.issuer, tenant.id, before?.issuer) : undefined;
    if (tenant !== undefined) await recordLifetimes(tenant);
    if (tenant !== undefined && isTenant && before === undefined) await makeKeys(tenant);
    const put = await store.put(record, there?.etag);
    if ("conflict" in put) {
      if (reservation !== undefined) await this.#withdraw(reservation, tenant);
      return false;
    }
    if (isTenant && before !== undefined && before.issuer !== tenant?.issuer)
      await issuers.release(before.issuer, before.id, await this.#keptUntil(before.id));
    await this.#actByIt();
    return true;
  }

  /** Only looks at what {@link #carryOut} would reserve. */
  async #assertIssuerFree({ record, next }: Plan): Promise<void> {
    const tenant = record.kind === "tenant" && record.deletedAt === undefined && next.tenants.get(record.tenant);
    if (tenant) await this.#dependencies.issuers.assertFree(tenant.issuer, tenant.id);
  }

  /** Whoever was faster may have given the tenant the same issuer. */
  async #withdraw(reservation: RegistrationRecord, tenant: Tenant | undefined): Promise<void> {
    await this.catchUp();
    const current = tenant && this.tenant(tenant.id)?.issuer;
    if (current !== undefined && normalizeUrl(current) === normalizeUrl(tenant?.issuer ?? "")) return;
    await this.#dependencies.issuers.withdraw(reservation);
  }

  /** Is written, whatever comes of reading it now: if that fails, the job reads it soon. */
  async #actByIt(): Promise<void> {
    try {
      await this.catchUp();
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
  }

  /** What this node would serve with that row. */
  #after(record: RegistrationRecord): Snapshot {
    const { file, stored } = this.#snapshot;
    return buildSnapshot(file, withRows(stored, [record], this.#dependencies.prover), this.#snapshot);
  }

  /** When no token of the tenant is alive any more that has what is given up now. */
  #keptUntil(tenant: string): Promise<Instant> {
    const { clock, keeping } = this.#dependencies;
    return keeping.until(tenant, clock.now());
  }

  /** Until when nobody can have the name of a tombstone that this mint wrote; undefined if it is none. */
  async #nameUntil(row: StoredRow): Promise<Instant | undefined> {
    const { clock, keeping } = this.#dependencies;
    return isTombstone(row) ? keeping.nameUntil(row.record, clock.now()) : undefined;
  }

  async #written({ record, isRepeated }: Plan): Promise<Written> {
    const { clock, prover, pollEvery, maxClockSkew, keeping } = this.#dependencies;
    const now = clock.now();
    const row = readRow(record, prover);
    return {
      entry: isTombstone(row) ? undefined : storedEntry(row, [], false),
      // A poll may have begun just before the write, and the next one begins up to its interval later.
      effectiveAt: now + pollEvery + 2 * LONGEST_READ + 2 * maxClockSkew,
      certainAt: keeping.servedUntil(now),
      isRepeated,
      keptUntil: await this.#nameUntil(row),
    };
  }
}

function isRequest(row: StoredRow | undefined, { request }: Change): boolean {
  if (request === undefined || row === undefined || "problems" in row.says) return false;
  return row.says.request === request;
}
