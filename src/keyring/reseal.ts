import type { Instant } from "../base/clock.ts";
import type { KeyRecord, TenantStore } from "../store/port.ts";
import { LONGEST_LIFETIMES } from "../token/lifetimes.ts";
import type { Opened, Sealer } from "./seal.ts";

/** How many of a tenant's keys were resealed, of how many. */
interface Resealed {
  readonly resealed: number;
  readonly total: number;
}

/** How keys are resealed. */
interface ResealOrder {
  readonly now: Instant;
  /** Whether rows without a MAC are refused from now on, although their date has not come. */
  readonly refuseOldRows?: boolean;
}

/**
 * Seals every key of a tenant under the first key-encryption key. May be interrupted and repeated: each row is replaced
 * only if it still is what was opened. Throws SealError if a key does not open.
 */
export function resealKeys(tenant: string, store: TenantStore, sealer: Sealer, order: ResealOrder): Promise<Resealed> {
  return sealAnew(tenant, store, sealer, order, ({ sealed }, { bindsAll, oldRowsUntil }) => {
    const isToClose = order.refuseOldRows === true && oldRowsUntil !== undefined;
    return !bindsAll || isToClose || !sealer.isCurrent(sealed);
  });
}

/** Reseals the keys whose seals are of an earlier version. Throws the errors of {@link resealKeys}. */
export function completeSeals(
  tenant: string,
  store: TenantStore,
  sealer: Sealer,
  order: ResealOrder,
): Promise<Resealed> {
  return sealAnew(tenant, store, sealer, order, (_, { bindsAll }) => !bindsAll);
}

/** Throws SealError if a sealer cannot open a key of a tenant. Changes nothing. */
export async function assertAllOpen(tenant: string, store: TenantStore, sealer: Sealer): Promise<void> {
  for (const { sealed, ...row } of await store.keys.list()) await sealer.open(sealed, { tenant, ...row });
}

async function sealAnew(
  tenant: string,
  store: TenantStore,
  sealer: Sealer,
  { now, refuseOldRows = false }: ResealOrder,
  isDue: (row: KeyRecord, opened: Opened) => boolean,
): Promise<Resealed> {
  const rows = await store.keys.list();
  let resealed = 0;
  for (const { sealed, ...row } of rows) {
    const binding = { tenant, ...row };
    const opened = await sealer.open(sealed, binding);
    if (!isDue({ sealed, ...row }, opened)) continue;
    const until = opened.bindsAll || !bearsTheDate(row) ? opened.oldRowsUntil : await lastOldRow(store, now);
    const next = await sealer.seal(opened.text, binding, refuseOldRows ? undefined : until);
    if (await store.keys.reseal(row.use, row.generation, sealed, next)) resealed += 1;
  }
  return { resealed, total: rows.length };
}

/**
 * Whether the seal of this key contains the date until which rows without a MAC are accepted: that of a tenant's first
 * refresh key does.
 */
export function bearsTheDate({ use, generation }: Pick<KeyRecord, "use" | "generation">): boolean {
  return use === "refresh" && generation === 1;
}

/** When everything that was minted before `now` has expired. */
async function lastOldRow({ meta }: TenantStore, now: Instant): Promise<Instant> {
  const longest = (await meta.read(LONGEST_LIFETIMES.grant)) ?? 0;
  return now + longest * 1000;
}
