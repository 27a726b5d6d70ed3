import { FOREVER, type Instant } from "../../src/base/clock.ts";
import type {
  Advance,
  FamilyRecord,
  KeyRecord,
  ReferenceTokenRecord,
  RevocationRecord,
  Store,
} from "../../src/store/port.ts";
import { handleDigest } from "../../src/token/reference-token.ts";
import { revocationIds } from "../../src/token/revocation.ts";
import type { Call } from "./calls.ts";
import { kidOfSealed } from "./cryptography.ts";
import type { Done } from "./node.ts";
import type { Scheduler } from "./scheduler.ts";

/** The row of a grant for a while. Instants are in true time. */
interface Version {
  readonly generation: number;
  /** When the row was told to have moved: the beginning of the call that moved it, or when it was reconciled. */
  readonly movedAt: Instant;
  /** The call that moved it to its generation. */
  readonly by: Call | undefined;
  readonly reconciled: boolean;
  readonly from: Instant;
  until: Instant;
}

interface KeyRow extends KeyRecord {
  readonly tenant: string;
  /** The id of the revocation that ends what it made. */
  readonly revocationId: string;
  /** When the store had it, in true time. */
  readonly appliedAt: Instant;
}

interface SigningKeyRow extends KeyRow {
  readonly kid: string;
}

/** What the store really did, told or not: as little of it as the oracle needs. */
export class Records {
  /** The tenants whose operators asked for a rotation that gives verifiers no time. */
  readonly urgentOrders = new Set<string>();
  /** All rows that there ever were, by what finds them. */
  readonly families: { readonly tenant: string; readonly id: string }[] = [];
  readonly referenceTokens: { readonly tenant: string; readonly digest: string }[] = [];
  readonly #rowKeys = new Map<string, string | undefined>();
  readonly revocations = new Map<string, { readonly tenant: string; readonly id: string; readonly ofKey: boolean }>();
  readonly keys: KeyRow[] = [];
  readonly #scheduler: Scheduler;
  readonly #versions = new Map<string, Version[]>();
  readonly #signingKeys = new Map<string, SigningKeyRow>();
  readonly #keyRevocationIds = new Map<string, Instant>();
  readonly #lastKeyRevocation = new Map<string, Instant>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  versions(family: string): readonly Version[] {
    return this.#versions.get(family) ?? [];
  }

  signingKey(tenant: string, kid: string): SigningKeyRow {
    const row = this.#signingKeys.get(`${tenant} ${kid}`);
    if (row === undefined) throw new Error(`the kid ${kid} is in no row of ${tenant}`);
    return row;
  }

  /** The generation that is active by a clock, of those that were there when the keys were read. */
  newestActive(tenant: string, now: Instant, readAt: Instant): number {
    const known = this.#rowsOf(tenant).filter((row) => row.appliedAt < readAt && row.activateAt <= now);
    return Math.max(0, ...known.map(({ generation }) => generation));
  }

  signingKids(tenant: string): readonly string[] {
    return this.#rowsOf(tenant).map(({ kid }) => kid);
  }

  /** The generation of the refresh key that proves a reference token's row; undefined for any other token. */
  rowKeyOf(tenant: string, handle: string): string | undefined {
    return this.#rowKeys.get(`${tenant} ${handleDigest(handle)}`);
  }

  keyRevokedAt(tenant: string, kid: string): Instant | undefined {
    return this.#keyRevocationIds.get(`${tenant} ${revocationIds.kid(kid)}`);
  }

  /** Whether a node that read the keys then may find none to use: the one whose turn it is was revoked. */
  lacksKey(tenant: string, now: Instant, readAt: Instant): boolean {
    if ((this.#lastKeyRevocation.get(tenant) ?? 0) >= readAt) return true;
    return (["signing", "refresh"] as const).some((use) => {
      const latest = this.keys
        .filter((row) => row.tenant === tenant && row.use === use && row.activateAt <= now && row.appliedAt < readAt)
        .sort((a, b) => a.generation - b.generation)
        .at(-1);
      return latest === undefined || this.#keyRevocationIds.has(`${tenant} ${latest.revocationId}`);
    });
  }

  /** The store has done something. */
  note({ operation: { tenant = "", name, args }, result, issuedAt, call }: Done): void {
    const now = this.#scheduler.now;
    if (name === "families.create") {
      const [{ id }] = args as [FamilyRecord];
      this.families.push({ tenant, id });
      this.#move(id, { generation: 0, movedAt: call?.start ?? now, by: call, reconciled: false });
    } else if (name === "families.advance" && result === "advanced") {
      const [id, { to }] = args as [string, Advance];
      this.#move(id, { generation: to, movedAt: call?.start ?? now, by: call, reconciled: false });
    } else if (name === "families.reconcile" && result === true) {
      const [id] = args as [string];
      const row = this.versions(id).at(-1);
      if (row !== undefined) this.#move(id, { ...row, movedAt: Math.max(row.movedAt, issuedAt), reconciled: true });
    } else if (name === "referenceTokens.create") {
      const [{ digest, mac }] = args as [ReferenceTokenRecord];
      this.referenceTokens.push({ tenant, digest });
      this.#rowKeys.set(`${tenant} ${digest}`, mac?.split(".")[0]);
    } else if (name === "revocations.raise") this.#noteRevocation(tenant, args[0] as RevocationRecord, now);
    else if (name === "keys.append" && result === true) this.#noteKey(tenant, args[0] as KeyRecord, now);
  }

  #move(id: string, version: Omit<Version, "from" | "until">): void {
    const versions = this.#versions.get(id) ?? [];
    const last = versions.at(-1);
    if (last !== undefined) last.until = this.#scheduler.now;
    versions.push({ ...version, from: this.#scheduler.now, until: Number.POSITIVE_INFINITY });
    this.#versions.set(id, versions);
  }

  #noteRevocation(tenant: string, { id, notAfter, expiresAt }: RevocationRecord, now: Instant): void {
    const ofKey = notAfter === FOREVER && expiresAt === FOREVER;
    const name = `${tenant} ${id}`;
    this.revocations.set(name, { tenant, id, ofKey });
    if (!ofKey) return;
    if (!this.#keyRevocationIds.has(name)) this.#keyRevocationIds.set(name, now);
    this.#lastKeyRevocation.set(tenant, now);
  }

  #noteKey(tenant: string, row: KeyRecord, now: Instant): void {
    const known = { ...row, tenant, revocationId: revocationIdOf(row), appliedAt: now };
    this.keys.push(known);
    if (row.use !== "signing") return;
    const kid = kidOfSealed(row.sealed);
    this.#signingKeys.set(`${tenant} ${kid}`, { ...known, kid });
  }

  #rowsOf(tenant: string): readonly SigningKeyRow[] {
    return [...this.#signingKeys].filter(([name]) => name.startsWith(`${tenant} `)).map(([, row]) => row);
  }
}

function revocationIdOf({ use, generation, sealed }: KeyRecord): string {
  return use === "signing" ? revocationIds.kid(kidOfSealed(sealed)) : revocationIds.refreshKey(generation);
}

/** How many rows are left, of those that are not for ever. */
export async function countLeft(records: Records, store: Store): Promise<number> {
  const rows = await Promise.all([
    ...records.families.map(({ tenant, id }) => store.forTenant(tenant).families.find(id)),
    ...records.referenceTokens.map(({ tenant, digest }) => store.forTenant(tenant).referenceTokens.find(digest)),
    ...[...records.revocations.values()]
      .filter(({ ofKey }) => !ofKey)
      .map(async ({ tenant, id }) => (await store.forTenant(tenant).revocations.find([id]))[0]),
  ]);
  return rows.filter((row) => row !== undefined).length;
}
