import { createHash } from "node:crypto";
import type { Clock, Instant } from "../base/clock.ts";
import { normalizeUrl } from "../base/url.ts";
import { formatPath, Problems } from "../schema/problems.ts";
import type { RegistrationKey, RegistrationRecord, RegistrationStore } from "../store/registration-port.ts";
import { formatDocument, readDocument } from "./document.ts";
import { isProven, type Prover } from "./proof.ts";
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
}

/** Rows that say which stored tenant has an issuer: by compare-and-set, only one can. */
export class IssuerReservations {
  readonly #dependencies: ReservationDependencies;

  constructor(dependencies: ReservationDependencies) {
    this.#dependencies = dependencies;
  }

  /** Reserves an issuer for a tenant. Throws {@link RegistrationError} if another has it, or had it not long ago. */
  async reserve(issuer: string, tenant: string): Promise<void> {
    const { store, rows } = this.#dependencies;
    const document = formatDocument({ entry: { tenant, issuer }, secrets: [] });
    for (let tries = 0; tries < TRIES; tries++) {
      const there = await store.find(keyOf(issuer));
      if (there !== undefined && (await this.#isOwn(there, issuer, tenant))) return;
      const put = await store.put(rows.living(keyOf(issuer), document, there), there?.etag);
      if ("revision" in put) return;
    }
    throw new RegistrationError("stale", [`${placeOf(tenant)}: others are reserving this issuer at the same time`]);
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
    const { clock, store } = this.#dependencies;
    const owner = this.#ownerOf(there);
    const now = clock.now();
    const refusal = (why: "invalid" | "kept", what: string) =>
      new RegistrationError(why, [`${placeOf(tenant)}: ${JSON.stringify(issuer)} ${what}`]);
    if (there.deletedAt !== undefined) {
      if (there.purgeAt > now) throw refusal("kept", "was another tenant's until not long ago");
      return false;
    }
    if (owner === undefined || owner === tenant) return owner !== undefined;
    const its = await store.find({ kind: "tenant", tenant: owner, id: owner });
    const isInUse = its?.deletedAt === undefined && its !== undefined;
    if (isInUse || now < there.updatedAt + IN_FLIGHT)
      throw refusal("invalid", `is already the issuer of the tenant ${owner}`);
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

function placeOf(tenant: string): string {
  return formatPath(["tenants", tenant, "issuer"]);
}
