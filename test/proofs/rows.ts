import { FOREVER } from "../../src/base/clock.ts";
import type { Store } from "../../src/store/port.ts";

/** Counts the rows whose time is ever over, of all tenants: all but keys and meta. They are gone then. */
export async function drainRows(store: Store): Promise<number> {
  const batch = 10_000;
  for (let count = 0; ; ) {
    const deleted = await store.sweep(FOREVER, batch);
    count += deleted;
    if (deleted < batch) return count;
  }
}
