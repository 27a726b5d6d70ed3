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
  readonly sealed: string;
  readonly createdAt: BsonDate;
  readonly activateAt: BsonDate;
  readonly request?: string | undefined;
}

/** `_id`: tenant/family. */
export interface FamilyRow extends TenantRow {
  readonly client: string;
  readonly namespace?: string | undefined;
  readonly subject?: string | undefined;
  readonly generation: number;
  readonly rotatedAt: BsonDate;
  readonly mark: string;
  readonly mintedAt: BsonDate;
  readonly revokedAt?: BsonDate | undefined;
  readonly expiresAt: BsonDate;
  readonly purgeAt: BsonDate;
  readonly decision: string;
  readonly mac?: string | undefined;
}

/** `_id`: tenant/digest of the handle. */
export interface ReferenceTokenRow extends TenantRow {
  readonly claims: string;
  readonly client?: string | undefined;
  readonly expiresAt: BsonDate;
  readonly mac?: string | undefined;
}

/** `_id`: tenant/hash of what is revoked. */
export interface RevocationRow extends TenantRow {
  readonly client?: string | undefined;
  readonly notAfter: BsonDate;
  readonly expiresAt: BsonDate;
}

/** `_id`: tenant/name of the number. */
export interface MetaRow extends TenantRow {
  readonly value: number;
}

/** The one row of `meta` that belongs to no tenant: the newest schema that a program has written here. */
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
  /** The same collection as `meta`. */
  readonly schema: Collection<SchemaRow>;
  /** The collections whose rows expire; each row has a `tenant` and may have a `client`. */
  readonly ending: readonly Ending[];
}

/** A collection whose rows expire, and the field that says when. */
export interface Ending {
  readonly collection: Collection<{ readonly _id: string }>;
  readonly field: string;
}

/** Names the collections of a database, without asking it anything. */
export function collectionsOf(database: Db): Collections {
  return {
    keys: database.collection("keys"),
    families: database.collection("families"),
    referenceTokens: database.collection("reference_tokens"),
    revocations: database.collection("revocations"),
    meta: database.collection("meta"),
    schema: database.collection("meta"),
    ending: [
      { collection: database.collection("families"), field: "purgeAt" },
      { collection: database.collection("reference_tokens"), field: "expiresAt" },
      { collection: database.collection("revocations"), field: "expiresAt" },
    ],
  };
}
