import type { KeyStore } from "../store/port.ts";
import type { Sealer } from "./seal.ts";

/** How many of a tenant's keys were sealed anew, of how many. */
export interface Resealed {
  readonly resealed: number;
  readonly total: number;
}

/**
 * Seals every key of a tenant under the first key-encryption key. It can be stopped and repeated at any moment: each row
 * is replaced only while it is what was opened. Throws SealError where a key does not open.
 */
export async function resealKeys(tenant: string, store: KeyStore, sealer: Sealer): Promise<Resealed> {
  const rows = await store.list();
  let resealed = 0;
  for (const { use, generation, sealed } of rows) {
    const binding = { tenant, use, generation };
    const text = await sealer.open(sealed, binding);
    if (sealer.isCurrent(sealed)) continue;
    if (await store.reseal(use, generation, sealed, await sealer.seal(text, binding))) resealed += 1;
  }
  return { resealed, total: rows.length };
}
