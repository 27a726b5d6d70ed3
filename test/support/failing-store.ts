import { type FamilyStore, type Store, StoreUnavailableError, type TenantStore } from "../../src/store/port.ts";

/**
 * How one call of the store goes wrong: it is never done; or it is done and its answer is lost; or its caller gives up
 * on it before it is done.
 */
export type Failure = "refused" | "lost" | "late";

/** A store whose next calls can be made to fail. */
export interface FailingStore extends Store {
  /** The next call of that operation fails, for example `families.advance`. */
  failNext(operation: string, failure: Failure): void;
  /** The call that comes so many after the next one fails, whatever it is; and all after it, if the store is away then. */
  failLater(after: number, failure: Failure, thenAway: boolean): void;
  /** Something happens just before the next call of that operation. */
  beforeNext(operation: string, happens: () => Promise<unknown>): void;
  /** Does the calls that were late. */
  arrive(): Promise<void>;
  /** Every call fails from now on, or no longer. */
  away: boolean;
  /** The operations that were called, in order. */
  readonly calls: string[];
}

/** Wraps a store, so that its faults can be had at will. */
export function failingStore(store: Store): FailingStore {
  const planned = new Map<string, Failure[]>();
  const calls: string[] = [];
  const late: (() => Promise<unknown>)[] = [];
  const happenings = new Map<string, () => Promise<unknown>>();
  let later: { readonly index: number; readonly failure: Failure; readonly thenAway: boolean } | undefined;
  const failing: FailingStore = {
    ...store,
    away: false,
    calls,
    failNext: (operation, failure) => planned.set(operation, [...(planned.get(operation) ?? []), failure]),
    beforeNext: (operation, happens) => happenings.set(operation, happens),
    failLater(after, failure, thenAway) {
      later = { index: calls.length + after, failure, thenAway };
    },
    async arrive() {
      for (const call of late.splice(0)) await call();
    },
    forTenant: (tenant) => wrapTenant(store.forTenant(tenant)),
    registrations: wrap("registrations", store.registrations),
  };

  function failureOf(operation: string): Failure | undefined {
    const index = calls.push(operation) - 1;
    if (failing.away) return "refused";
    if (later?.index !== index) return planned.get(operation)?.shift();
    failing.away = later.thenAway;
    return later.failure;
  }

  async function run<T>(operation: string, call: () => Promise<T>): Promise<T> {
    const happens = happenings.get(operation);
    happenings.delete(operation);
    await happens?.();
    const failure = failureOf(operation);
    if (failure === "late") late.push(call);
    if (failure === "refused" || failure === "late") throw new StoreUnavailableError(`${operation} was refused`);
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
