import { UnavailableError } from "../base/unavailable.ts";
import type { Store, TenantStore } from "../store/port.ts";
import type { EndedStoreCall, Meter } from "../telemetry/meter.ts";

/** Measures every call of a store. `name`: what the store is called in metrics. */
export function measuredStore(store: Store, name: string, meter: Meter): Store {
  async function measured<T>(operation: string, call: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    let outcome: EndedStoreCall["outcome"] = "ok";
    try {
      return await call();
    } catch (error) {
      outcome = error instanceof UnavailableError ? "unavailable" : "error";
      throw error;
    } finally {
      meter.storeCall({ store: name, operation, outcome, seconds: (performance.now() - begun) / 1000 });
    }
  }

  function measuredPart<Part extends object>(part: string, operations: Part): Part {
    const entries = Object.entries(operations).map(([operation, call]) => [
      operation,
      (...args: unknown[]) => measured(`${part}.${operation}`, () => call(...args)),
    ]);
    return Object.fromEntries(entries) as Part;
  }

  return {
    ...store,
    forTenant(tenant) {
      const parts: readonly [string, object][] = Object.entries(store.forTenant(tenant));
      return Object.fromEntries(
        parts.map(([part, operations]) => [part, measuredPart(part, operations)]),
      ) as unknown as TenantStore;
    },
    sweep: (now, limit) => measured("sweep", () => store.sweep(now, limit)),
  };
}
