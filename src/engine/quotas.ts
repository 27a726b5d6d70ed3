import type { Clock, Machine } from "../base/clock.ts";
import { LruMap } from "../base/lru-map.ts";
import type { Client, Tenant } from "../registry/tenant.ts";
import type { TenantStore } from "../store/port.ts";
import { OAuthError } from "./errors.ts";

/** The quotas of a client: what each bounds, and which rows those are. */
const QUOTAS = {
  maxGrants: { what: "grants", rows: (store: TenantStore) => store.families },
  maxReferenceTokens: { what: "reference tokens", rows: (store: TenantStore) => store.referenceTokens },
  maxRevocations: { what: "revocations", rows: (store: TenantStore) => store.revocations },
} as const;

/** A bound on the rows that a client may have at once, by its name in the configuration. */
type Quota = keyof typeof QUOTAS;

const NAMES = Object.keys(QUOTAS) as readonly Quota[];

/** How many rows more a client asks for. */
export type Rows = Readonly<Partial<Record<Quota, number>>>;

/** How often a node counts again what a client has, in milliseconds. In between it adds what it lets through itself. */
const COUNT_EVERY = 5_000;

/** How many counts a node remembers. */
const MAX_COUNTS = 4096;

/** The tenant whose client it is, and its rows. */
interface Holder {
  readonly tenant: Pick<Tenant, "id">;
  readonly store: TenantStore;
}

/** A count that is under way or done. All who come meanwhile wait for it, so that each sees what the others took. */
interface Count {
  readonly tally: Promise<{ rows: number }>;
  /** Until how much has elapsed it is good. */
  goodUntil: number;
}

/** What one request takes of one quota. */
interface Share {
  readonly quota: Quota;
  readonly most: number;
  readonly rows: number;
  readonly tally: { rows: number };
}

/**
 * Holds clients to their quotas. What other nodes let through since the last count is not known here, nor what this node
 * was still writing when it counted: a quota may be exceeded by that.
 *
 * How old a count is goes by what has elapsed: a clock that is set back must not end the counting.
 */
export class Quotas {
  readonly #clock: Clock;
  readonly #machine: Pick<Machine, "elapsed">;
  readonly #counts = new LruMap<string, Count>(MAX_COUNTS);

  constructor(clock: Clock, machine: Pick<Machine, "elapsed">) {
    this.#clock = clock;
    this.#machine = machine;
  }

  /**
   * Lets a client have so many rows more: all that it asks for or none. Call it when nothing else can be refused. Throws
   * OAuthError `access_denied` if it would have more than it may, and StoreUnavailableError.
   */
  async take(more: Rows, client: Client, { tenant, store }: Holder): Promise<void> {
    const asked = NAMES.filter((quota) => client[quota] !== undefined && more[quota] !== undefined);
    if (asked.length === 0) return;
    const now = this.#clock.now();
    const share = async (quota: Quota): Promise<Share> => {
      const [most = 0, rows = 0] = [client[quota], more[quota]];
      const name = JSON.stringify([quota, tenant.id, client.id]);
      const count = this.#count(name, () => QUOTAS[quota].rows(store).count(client.id, now, most));
      return { quota, most, rows, tally: await count.tally };
    };
    const shares = await Promise.all(asked.map(share));
    for (const one of shares) refuseBeyond(one);
    for (const { tally, rows } of shares) tally.rows += rows;
  }

  /** The newest count, or one that begins now. */
  #count(name: string, rows: () => Promise<number>): Count {
    const known = this.#counts.get(name);
    if (known !== undefined && this.#machine.elapsed() < known.goodUntil) return known;
    const tally = rows().then((rows) => ({ rows }));
    const count: Count = { tally, goodUntil: Number.POSITIVE_INFINITY };
    this.#counts.set(name, count);
    tally.then(
      () => {
        count.goodUntil = this.#machine.elapsed() + COUNT_EVERY;
      },
      () => {
        count.goodUntil = 0;
      },
    );
    return count;
  }
}

function refuseBeyond({ quota, most, rows, tally }: Share): void {
  if (tally.rows + rows <= most) return;
  throw new OAuthError(
    "access_denied",
    `This client has as many ${QUOTAS[quota].what} as it may: ${most} (${quota}). Wait until some have ended.`,
  );
}
