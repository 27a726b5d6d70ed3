import { type Store, StoreUnavailableError, type TenantStore } from "../../src/store/port.ts";
import type { RegistrationStore } from "../../src/store/registration-port.ts";
import { createMemoryStore } from "./memory-store.ts";

/** What can be asked of a store, by full names from the port's types: so that no rename leaves an old name behind. */
export type StoreOperation =
  | { [Part in keyof TenantStore]: `${Part}.${keyof TenantStore[Part] & string}` }[keyof TenantStore]
  | `registrations.${keyof RegistrationStore}`
  | "sweep";

/** One call of the store: whose, what and with what. */
export interface Operation {
  /** Absent if it is not one tenant's. */
  readonly tenant: string | undefined;
  readonly name: StoreOperation;
  readonly args: readonly unknown[];
}

/**
 * Carries a call to the store and its answer back. When `apply` runs, the call is done, at once and durably: what comes
 * before and after, and whether either arrives, is the carrier's to say.
 */
export type Carrier = <T>(operation: Operation, apply: () => Promise<T>) => Promise<T>;

/** One linearizable store that all nodes share, each by a connection of its own. */
export interface SimulatedStore {
  connect(carry: Carrier, maxClockSkew: number): Store;
}

export function createSimulatedStore(): SimulatedStore {
  const rows = createMemoryStore();
  return { connect: (carry, maxClockSkew) => connect(rows, carry, maxClockSkew) };
}

function connect(rows: Store, carry: Carrier, maxClockSkew: number): Store {
  let closed = false;

  async function send<T>(operation: Operation, apply: () => Promise<T>): Promise<T> {
    if (closed) throw new StoreUnavailableError("The connection to the simulated store is closed.");
    return carry(operation, apply);
  }

  function wrapPart<T extends object>(tenant: string | undefined, part: string, operations: T): T {
    const wrapped = Object.entries(operations).map(([name, call]) => [
      name,
      (...args: unknown[]) => send({ tenant, name: `${part}.${name}` as StoreOperation, args }, () => call(...args)),
    ]);
    return Object.fromEntries(wrapped) as T;
  }

  return {
    maxClockSkew,
    forTenant(tenant) {
      const parts = Object.entries(rows.forTenant(tenant)) as [string, object][];
      return Object.fromEntries(
        parts.map(([part, operations]) => [part, wrapPart(tenant, part, operations)]),
      ) as unknown as TenantStore;
    },
    registrations: wrapPart(undefined, "registrations", rows.registrations),
    sweep: (now, limit) => send({ tenant: undefined, name: "sweep", args: [now, limit] }, () => rows.sweep(now, limit)),
    async close() {
      closed = true;
    },
  };
}
