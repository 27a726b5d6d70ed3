import type { Collection, Db } from "mongodb";
import type { KeyUse } from "../port.ts";
import type { BsonDate } from "./values.ts";

/** The rows as they are stored: `rowId` makes `_id`, and members that a record leaves undefined are absent. */
interface TenantRow {
  readonly _id: string;
  readonly tenant: string;
}

/** `_id`: tenant/use/generation. */
export interface KeyRow extends TenantRow {
  readonly use: KeyUse;
  readonly generation: number;
  readonly algorithm: string;
  /** A JWE, which the store cannot open. */
  readonly sealed: string;
  readonly createdAt: BsonDate;
  readonly activateAt: BsonDate;
  /** Names the request that made the key, so that a retry finds it; absent if the schedule made it. */
  readonly request?: string | undefined;
}

/** `_id`: tenant/family. */
export interface FamilyRow extends TenantRow {
  readonly client: string;
  readonly namespace?: string | undefined;
  readonly subject?: string | undefined;
  readonly generation: number;
  readonly rotatedAt: BsonDate;
  /** The id of the attempt that last moved the row: whoever lost the answer looks for it. */
  readonly mark: string;
  readonly mintedAt: BsonDate;
  /** Absent while the grant is not revoked. */
  readonly revokedAt?: BsonDate | undefined;
  readonly expiresAt: BsonDate;
  /** When neither the grant nor an access token from it can matter any longer; then the row is deleted. */
  readonly purgeAt: BsonDate;
  /** What was granted, as JSON with a version of its own; opaque to the store. */
  readonly decision: string;
  /** Proves that the mint wrote the row; absent in rows from before MACs. */
  readonly mac?: string | undefined;
}

/** `_id`: tenant/digest of the handle. */
export interface ReferenceTokenRow extends TenantRow {
  /** JSON, opaque to the store. */
  readonly claims: string;
  /** Whose quota the row counts for; absent in rows from before quotas. */
  readonly client?: string | undefined;
  readonly expiresAt: BsonDate;
  readonly mac?: string | undefined;
}

/** `_id`: tenant/hash of what is revoked. */
export interface RevocationRow extends TenantRow {
  /** Whose quota the row counts for; absent if it counts for none. */
  readonly client?: string | undefined;
  readonly notAfter: BsonDate;
  readonly expiresAt: BsonDate;
}

/** `_id`: tenant/name of the number. */
export interface MetaRow extends TenantRow {
  readonly value: number;
}

/** `_id`: tenant/id of the tally. */
interface TallyRow extends TenantRow {
  readonly count: number;
  readonly expiresAt: BsonDate;
}

/** `_id`: kind/tenant/id. */
export interface RegistrationRow extends TenantRow {
  readonly kind: string;
  readonly id: string;
  readonly revision: number;
  /** JSON with a version of its own; opaque to the store. */
  readonly document: string;
  readonly etag: string;
  readonly createdAt: BsonDate;
  readonly updatedAt: BsonDate;
  /** Absent while it lives. */
  readonly deletedAt?: BsonDate | undefined;
  readonly purgeAt: BsonDate;
  readonly mac: string;
}

/** A row of `meta` that belongs to no tenant: the revisions of the registrations. */
interface RegistryRow {
  readonly _id: typeof REGISTRY_ID;
  /** The newest that was given to a write. */
  readonly revision: number;
  /** The writes that may not have ended yet. */
  readonly pending: readonly PendingWrite[];
}

/** A write that has a revision, but whose row may not have been written yet. */
export interface PendingWrite {
  /** Names the write: the etag of its row. */
  readonly write: string;
  /** Its revision is greater than this. */
  readonly above: number;
}

/** No tenant's row has this `_id`: theirs contain a slash. */
export const REGISTRY_ID = "registry";

/** A row of `meta` that belongs to no tenant: the newest schema that a program has written here. */
interface SchemaRow {
  readonly _id: typeof SCHEMA_ID;
  readonly version: number;
}

/** No tenant's row has this `_id`: theirs contain a slash. */
export const SCHEMA_ID = "schema";

/** The collections of a database, each with the shape of its rows. */
export interface Collections {
  readonly keys: Collection<KeyRow>;
  readonly families: Collection<FamilyRow>;
  readonly referenceTokens: Collection<ReferenceTokenRow>;
  readonly revocations: Collection<RevocationRow>;
  readonly meta: Collection<MetaRow>;
  readonly tallies: Collection<TallyRow>;
  readonly registrations: Collection<RegistrationRow>;
  /** The same collection as `meta`. */
  readonly schema: Collection<SchemaRow>;
  readonly registry: Collection<RegistryRow>;
  /** The collections whose rows expire; each row has a `tenant`. */
  readonly ending: readonly Ending[];
}

/** A collection whose rows expire, and the field that says when. */
export interface Ending {
  readonly collection: Collection<{ readonly _id: string }>;
  readonly field: string;
  /** Whether a row may have a `client`, for whose quota it counts. */
  readonly isCounted: boolean;
}

/** Names the collections of a database, without asking it anything. */
export function collectionsOf(database: Db): Collections {
  return {
    keys: database.collection("keys"),
    families: database.collection("families"),
    referenceTokens: database.collection("reference_tokens"),
    revocations: database.collection("revocations"),
    meta: database.collection("meta"),
    tallies: database.collection("tallies"),
    registrations: database.collection("registrations"),
    schema: database.collection("meta"),
    registry: database.collection("meta"),
    ending: [
      { collection: database.collection("families"), field: "purgeAt", isCounted: true },
      { collection: database.collection("reference_tokens"), field: "expiresAt", isCounted: true },
      { collection: database.collection("revocations"), field: "expiresAt", isCounted: true },
      { collection: database.collection("tallies"), field: "expiresAt", isCounted: false },
      { collection: database.collection("registrations"), field: "purgeAt", isCounted: false },
    ],
  };
}
