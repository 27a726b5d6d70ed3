import type { TenantStore } from "../store/port.ts";
import { BoundedMap } from "../token/bounded-map.ts";
import type { Clock, Instant } from "../token/clock.ts";
import { OAuthError } from "./errors.ts";
import type { Client } from "./tenant.ts";
import type { TenantWorld } from "./world.ts";

/** The quotas of a client: what each bounds, and which rows those are. */
const QUOTAS = {
  maxGrants: { what: "grants", rows: (store: TenantStore) => store.families },
  maxReferenceTokens: { what: "reference tokens", rows: (store: TenantStore) => store.referenceTokens },
  maxRevocations: { what: "revocations", rows: (store: TenantStore) => store.revocations },
} as const;

/** A bound on the rows that a client may have at once, by its name in the configuration. */
export type Quota = keyof typeof QUOTAS;

/** How often a node counts again what a client has, in milliseconds. In between it adds what it lets through itself. */
const COUNT_EVERY = 5_000;

/** How many counts a node remembers. */
const MAX_COUNTS = 4096;

interface Count {
  readonly countedAt: Instant;
  rows: number;
}

/**
 * Holds clients to their quotas. What other nodes let through since the last count is not known here, so a quota may be
 * exceeded by what all nodes let through in {@link COUNT_EVERY}.
 */
export class Quotas {
  readonly #clock: Clock;
  readonly #counts = new BoundedMap<string, Count>(MAX_COUNTS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Lets a client have one row more. Throws OAuthError `access_denied` if it has as many as it may, and
   * StoreUnavailableError.
   */
  async take(quota: Quota, client: Client, { tenant, store }: Pick<TenantWorld, "tenant" | "store">): Promise<void> {
    const most = client[quota];
    if (most === undefined) return;
    const name = JSON.stringify([quota, tenant.id, client.id]);
    const count = await this.#count(name, quota, client.id, most, store);
    if (count.rows >= most) {
      throw new OAuthError(
        "access_denied",
        `This client has as many ${QUOTAS[quota].what} as it may: ${most} (${quota}). Wait until some have ended.`,
      );
    }
    count.rows += 1;
  }

  async #count(name: string, quota: Quota, client: string, most: number, store: TenantStore): Promise<Count> {
    const now = this.#clock.now();
    const known = this.#counts.get(name);
    if (known !== undefined && now < known.countedAt + COUNT_EVERY) return known;
    const counted = { countedAt: now, rows: await QUOTAS[quota].rows(store).count(client, now, most) };
    this.#counts.set(name, counted);
    return counted;
  }
}
