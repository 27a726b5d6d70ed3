import type { Signatures } from "../keyring/algorithms.ts";
import type { Store, TenantStore } from "../store/port.ts";

/** Runs something and looks on, whatever becomes of it. `what`: its name. */
export type Around = <T>(what: string, run: () => Promise<T>) => Promise<T>;

/** A store whose every call is looked on at, by a name such as `families.advance`. */
export function aroundStore(store: Store, around: Around): Store {
  function aroundPart<Part extends object>(part: string, operations: Part): Part {
    const entries = Object.entries(operations).map(([operation, call]) => [
      operation,
      (...args: unknown[]) => around(`${part}.${operation}`, () => call(...args)),
    ]);
    return Object.fromEntries(entries) as Part;
  }

  return {
    ...store,
    forTenant(tenant) {
      const parts: readonly [string, object][] = Object.entries(store.forTenant(tenant));
      return Object.fromEntries(
        parts.map(([part, operations]) => [part, aroundPart(part, operations)]),
      ) as unknown as TenantStore;
    },
    registrations: aroundPart("registrations", store.registrations),
    sweep: (now, limit) => around("sweep", () => store.sweep(now, limit)),
  };
}

/** Signatures that are looked on at while they are made, by the algorithm. */
export function aroundSignatures(signatures: Signatures, around: Around): Signatures {
  return {
    ...signatures,
    async load(algorithm, privateJwk) {
      const key = await signatures.load(algorithm, privateJwk);
      return { ...key, sign: (claims, typ) => around(algorithm, () => key.sign(claims, typ)) };
    },
  };
}
