import { createHash } from "node:crypto";
import type { Clock, Instant } from "../base/clock.ts";
import { normalizeUrl } from "../base/url.ts";
import { formatPath, Problems } from "../schema/problems.ts";
import type { RegistrationKey, RegistrationRecord, RegistrationStore } from "../store/registration-port.ts";
import { formatDocument, readDocument } from "./document.ts";
import type { Keeping } from "./keeping.ts";
import { isProven, type Prover } from "./proof.ts";
import { freeSoonAfter } from "./registration-change.ts";
import { RegistrationError } from "./registration-error.ts";
import type { RowMaker } from "./row-maker.ts";

/**
 * How long after it was made a reservation counts although its owner does not exist, in milliseconds: longer than creating
 * a tenant can take.
 */
const IN_FLIGHT = 3_600_000;

/** How often a reservation that others write at the same time is tried. */
const TRIES = 8;

/** What reserving issuers needs. */
interface ReservationDependencies {
  readonly store: RegistrationStore;
  readonly clock: Pick<Clock, "now">;
  readonly prover: Prover;
  readonly rows: RowMaker;
  readonly keeping: Keeping;
}

/** Rows that say which stored tenant has an issuer: by compare-and-set, only one can. */
export class IssuerReservations {
  readonly #dependencies: ReservationDependencies;

  constructor(dependencies: ReservationDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Reserves an issuer for a tenant. `current`: the issuer that it has already. Resolves to what was written, undefined if
   * that was not necessary. Throws {@link RegistrationError} if another tenant has it, or had it not long ago.
   */
  async reserve(issuer: string, tenant: string, current: string | undefined): Promise<RegistrationRecord | undefined> {
    const { store, rows } = this.#dependencies;
    const document = formatDocument({ entry: { tenant, issuer }, secrets: [] });
    const isCurrent = current !== undefined && normalizeUrl(current) === normalizeUrl(issuer);
    for (let tries = 0; tries < TRIES; tries++) {
      const there = await store.find(keyOf(issuer));
      const isOwn = there !== undefined && (await this.#isOwn(there, issuer, tenant));
      if (isOwn && isCurrent) return undefined;
      // Written anew although it is its own: somebody else may be about to withdraw the one that is there.
      const row = rows.living(keyOf(issuer), document, there);
      const put = await store.put(row, there?.etag);
      if ("revision" in put) return row;
    }
    throw new RegistrationError("stale", [`${placeOf(tenant)}: others are reserving this issuer at the same time`]);
  }

  /** Throws {@link RegistrationError} if {@link reserve} would, and writes nothing. */
  async assertFree(issuer: string, tenant: string): Promise<void> {
    const there = await this.#dependencies.store.find(keyOf(issuer));
    if (there !== undefined) await this.#isOwn(there, issuer, tenant);
  }

  /** Takes back a reservation that came to nothing, unless somebody has reserved the issuer since. */
  async withdraw(reservation: RegistrationRecord): Promise<void> {
    const { store, rows, clock } = this.#dependencies;
    await store.put(rows.tombstone(reservation, reservation.document, clock.now()), reservation.etag);
  }

  /** Gives up a tenant's issuer, which nobody else can have before `purgeAt`. */
  async release(issuer: string, tenant: string, purgeAt: Instant): Promise<void> {
    const { store, rows } = this.#dependencies;
    const there = await store.find(keyOf(issuer));
    if (there === undefined || there.deletedAt !== undefined || this.#ownerOf(there) !== tenant) return;
    await store.put(rows.tombstone(there, there.document, purgeAt), there.etag);
  }

  /** Whether the tenant has it already. Throws {@link RegistrationError} if it cannot have it. */
  async #isOwn(there: RegistrationRecord, issuer: string, tenant: string): Promise<boolean> {
    const { clock, store, keeping } = this.#dependencies;
    const owner = this.#ownerOf(there);
    if (owner === undefined) return false;
    if (owner === tenant) return there.deletedAt === undefined;
    const now = clock.now();
    const its = await store.find({ kind: "tenant", tenant: owner, id: owner });
    const kept = [await keeping.nameUntil(there, now), its && (await keeping.nameUntil(its, now))];
    const keptUntil = Math.max(...kept.map((until) => until ?? 0));
    if (keptUntil > 0) throw refusal("kept", tenant, issuer, `was another tenant's: it ${freeSoonAfter(keptUntil)}`);
    if (there.deletedAt !== undefined) return false;
    const isInUse = its?.deletedAt === undefined && its !== undefined;
    if (isInUse || now < there.updatedAt + IN_FLIGHT)
      throw refusal("invalid", tenant, issuer, `is already the issuer of the tenant ${owner}`);
    return false;
  }

  /** Undefined if this mint did not write the row. */
  #ownerOf(there: RegistrationRecord): string | undefined {
    if (!isProven(there, this.#dependencies.prover)) return undefined;
    const owner = readDocument(there.document, new Problems())?.entry.tenant;
    return typeof owner === "string" ? owner : undefined;
  }
}

/** Of no tenant: or two could have the same one. Compared as normalized URLs, as some verifiers compare them. */
function keyOf(issuer: string): RegistrationKey {
  const id = createHash("sha256").update(normalizeUrl(issuer)).digest("base64url");
  return { kind: "issuer", tenant: "", id };
}

function refusal(why: RegistrationError["why"], tenant: string, issuer: string, what: string): RegistrationError {
  return new RegistrationError(why, [`${placeOf(tenant)}: ${JSON.stringify(issuer)} ${what}`]);
}

function placeOf(tenant: string): string {
  return formatPath(["tenants", tenant, "issuer"]);
}
