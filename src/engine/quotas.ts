import type { Clock, Machine } from "../base/clock.ts";
import { LruMap } from "../base/lru-map.ts";
import type { Client, Tenant } from "../registry/tenant.ts";
import type { TenantStore } from "../store/port.ts";
import { OAuthError } from "./errors.ts";

/** The quotas of a client: what each one bounds, and which rows count towards it. */
const QUOTAS = {
  maxGrants: { what: "grants", rows: (store: TenantStore) => store.families },
  maxReferenceTokens: { what: "reference tokens", rows: (store: TenantStore) => store.referenceTokens },
  maxRevocations: { what: "revocations", rows: (store: TenantStore) => store.revocations },
} as const;

/** A bound on the rows that a client may have at once, by its name in the configuration. */
type Quota = keyof typeof QUOTAS;

const NAMES = Object.keys(QUOTAS) as readonly Quota[];

/**
 * What more a request needs, by quota: how many rows, or the ids of rows that other requests may be writing too. Such a row
 * counts once, however many ask for it.
 */
export type Rows = Readonly<Partial<Record<Quota, number | readonly string[]>>>;

/** How often a node recounts a client's rows, in milliseconds. In between it adds what it lets through itself. */
const COUNT_EVERY = 5_000;

/** A count that takes long is repeated less often: it may take up to this share of the time. */
const MAX_COUNTING = 1 / 100;

/** How many counts a node remembers. */
const MAX_COUNTS = 4096;

/** The client's tenant, and its rows. */
interface Holder {
  readonly tenant: Pick<Tenant, "id">;
  readonly store: TenantStore;
}

/**
 * A count, under way or done. Everyone who arrives in the meantime shares it, so that each sees what the others took.
 */
interface Count {
  readonly tally: Promise<Tally>;
  /** The monotonic reading up to which the count may be used. */
  goodUntil: number;
}

/** What a client has, as far as this node knows. */
interface Tally {
  rows: number;
  /** The ids of rows that were added since the count. */
  readonly added: Set<string>;
}

/** What one request takes of one quota. */
interface Share {
  readonly quota: Quota;
  readonly most: number;
  /** How many rows, and the ids of those that have some. */
  readonly rows: number;
  readonly ids: readonly string[];
  readonly tally: Tally;
}

/** The same, before it is known what others have added. */
type Wanted = Omit<Share, "rows" | "ids"> & { readonly wanted: number | readonly string[] };

/**
 * Enforces the quotas of clients, approximately. A node does not know what other nodes have let through since its last
 * count, nor what it was still writing while it counted: a quota can be exceeded by that much. An exact count would
 * cost every mint a transaction.
 *
 * The age of a count is measured by elapsed time: a clock that is set back must not stop the counting.
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
   * Lets a client have more rows: all that it asks for, or none. Call it last, when nothing else can refuse the
   * request. Throws OAuthError `access_denied` if the client would exceed a quota, and StoreUnavailableError.
   */
  async take(more: Rows, client: Client, { tenant, store }: Holder): Promise<void> {
    const asked = NAMES.filter((quota) => client[quota] !== undefined && more[quota] !== undefined);
    if (asked.length === 0) return;
    const now = this.#clock.now();
    const share = async (quota: Quota): Promise<Wanted> => {
      const [most = 0, wanted = 0] = [client[quota], more[quota]];
      const name = JSON.stringify([quota, tenant.id, client.id]);
      const count = this.#count(name, () => QUOTAS[quota].rows(store).count(client.id, now, most));
      return { quota, most, wanted, tally: await count.tally };
    };
    // No await between the check and the addition: of two requests for the last row, only one gets it.
    const shares = (await Promise.all(asked.map(share))).map(withoutAdded);
    for (const one of shares) refuseBeyond(one);
    for (const { tally, rows, ids } of shares) {
      tally.rows += rows;
      for (const id of ids) tally.added.add(id);
    }
  }

  /** The current count, or a new one if that is too old. */
  #count(name: string, rows: () => Promise<number>): Count {
    const known = this.#counts.get(name);
    if (known !== undefined && this.#machine.elapsed() < known.goodUntil) return known;
    const begun = this.#machine.elapsed();
    const tally = rows().then((rows) => ({ rows, added: new Set<string>() }));
    // A count under way does not age: however slow the store is, it is asked once.
    const count: Count = { tally, goodUntil: Number.POSITIVE_INFINITY };
    this.#counts.set(name, count);
    tally.then(
      () => {
        const now = this.#machine.elapsed();
        count.goodUntil = now + Math.max(COUNT_EVERY, (now - begun) / MAX_COUNTING);
      },
      () => {
        // A failed count fails those who share it, and the next request counts again.
        count.goodUntil = 0;
      },
    );
    return count;
  }
}

/** Another request may have added a row meanwhile that this one wants too. */
function withoutAdded({ wanted, ...share }: Wanted): Share {
  if (typeof wanted === "number") return { ...share, rows: wanted, ids: [] };
  const ids = wanted.filter((id) => !share.tally.added.has(id));
  return { ...share, rows: ids.length, ids };
}

function refuseBeyond({ quota, most, rows, tally }: Share): void {
  if (tally.rows + rows <= most) return;
  throw new OAuthError(
    "access_denied",
    `This client has as many ${QUOTAS[quota].what} as it may: ${most} (${quota}). Wait until some have ended.`,
  );
}
