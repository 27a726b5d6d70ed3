import type { FamilyRecord, KeyRecord, ReferenceTokenRecord, RevocationRecord, Store } from "./port.ts";
import type { RegistrationRecord } from "./registration-port.ts";

/** A store whose rows can be read one after another, so that everything can be moved. The engine has no use for it. */
export interface CopyableStore extends Store {
  /**
   * All rows of all tenants: first keys, by generation, then meta, registrations, revocations, reference tokens and
   * families. Not a snapshot: whoever copies a store stops its nodes first. Throws StoreUnavailableError.
   */
  dump(): AsyncIterable<StoredRow>;
}

/** A row, and the tenant that it belongs to. */
export type StoredRow = { readonly tenant: string } & (
  | { readonly kind: "key"; readonly record: KeyRecord }
  | { readonly kind: "meta"; readonly record: MetaRecord }
  | { readonly kind: "registration"; readonly record: RegistrationRecord }
  | { readonly kind: "revocation"; readonly record: RevocationRecord }
  | { readonly kind: "reference token"; readonly record: ReferenceTokenRecord }
  | { readonly kind: "family"; readonly record: FamilyRecord }
);

/** A number that only grows. */
export interface MetaRecord {
  readonly name: string;
  readonly value: number;
}
