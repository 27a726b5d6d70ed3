import { type FamilyStore, type Store, StoreUnavailableError, type TenantStore } from "../../src/store/port.ts";

/** How one call of the store goes wrong: it is never done, or it is done and its answer is lost. */
export type Failure = "refused" | "lost";

/** A store whose next calls can be made to fail. */
export interface FailingStore extends Store {
  /** The next call of that operation fails, for example `families.advance`. */
  failNext(operation: string, failure: Failure): void;
  /** Every call fails from now on, or no longer. */
  away: boolean;
  /** The operations that were called, in order. */
  readonly calls: string[];
}

/** Wraps a store, so that its faults can be had at will. */
export function failingStore(store: Store): FailingStore {
  const planned = new Map<string, Failure[]>();
  const calls: string[] = [];
  const failing: FailingStore = {
    ...store,
    away: false,
    calls,
    failNext: (operation, failure) => planned.set(operation, [...(planned.get(operation) ?? []), failure]),
    forTenant: (tenant) => wrapTenant(store.forTenant(tenant)),
  };

  async function run<T>(operation: string, call: () => Promise<T>): Promise<T> {
    calls.push(operation);
    const failure = failing.away ? "refused" : planned.get(operation)?.shift();
    if (failure === "refused") throw new StoreUnavailableError(`${operation} was refused`);
    const result = await call();
    if (failure === "lost") throw new StoreUnavailableError(`the answer of ${operation} was lost`);
    return result;
  }

  function wrap<T extends object>(name: string, part: T): T {
    return Object.fromEntries(
      Object.entries(part).map(([operation, call]) => [
        operation,
        (...args: unknown[]) => run(`${name}.${operation}`, () => call.apply(part, args)),
      ]),
    ) as T;
  }

  function wrapTenant(part: TenantStore): TenantStore {
    return Object.fromEntries(
      Object.entries(part).map(([name, value]) => [name, wrap(name, value as FamilyStore)]),
    ) as unknown as TenantStore;
  }

  return failing;
}
