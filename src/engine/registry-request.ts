import type { Instant } from "../base/clock.ts";
import type { JsonObject } from "../base/json.ts";
import type { EffectiveSetting } from "../registry/effective.ts";
import type { Entry } from "../registry/entries.ts";
import type { OperatorRole } from "../registry/tenant.ts";

/** How an operator's change is made. */
interface WriteOptions {
  /** The etag of the entry that the operator has seen; absent: any. */
  readonly etag?: string | undefined;
  /** Says what would be there, and changes nothing. */
  readonly validateOnly?: boolean | undefined;
  /** Makes a retry the same change as the first call. */
  readonly idempotencyKey?: string | undefined;
}

/** Names a client. */
export interface ClientRequest {
  readonly client?: string | undefined;
}

/** Settings of an entry. */
export interface SettingsRequest {
  /** In the words of the configuration file: of a client without `secrets`, of a tenant without `clients`. */
  readonly settings?: JsonObject | undefined;
  /**
   * The settings that become as the request has them, or their defaults if it lacks them; `*`: all. Empty: those that it
   * has. Only for an update.
   */
  readonly updateMask?: readonly string[] | undefined;
}

/** A request to register a client. */
export interface CreateClientRequest extends ClientRequest, WriteOptions, Pick<SettingsRequest, "settings"> {}

/** A request to change settings of a client. */
export interface UpdateClientRequest extends ClientRequest, WriteOptions, SettingsRequest {}

/** A request to end a client, for now or for good. */
export interface EndClientRequest extends ClientRequest, WriteOptions {
  /** Whether everything that it minted ends too. Implies `wait`. */
  readonly revokeTokens?: boolean | undefined;
  /** Whether the answer waits until every node acts by the change. */
  readonly wait?: boolean | undefined;
}

/** A request to change a client without any settings. */
export interface ChangeClientRequest extends ClientRequest, WriteOptions {}

/** A request for another secret of a client. */
export interface AddSecretRequest extends ClientRequest, WriteOptions {
  /** From when on it is accepted; absent: at once. */
  readonly notBefore?: Instant | undefined;
  /** Until when it is accepted; absent: until it is removed. */
  readonly expiresAt?: Instant | undefined;
  /** The hash of one that the client has from elsewhere, as the configuration file writes it; absent: one is made. */
  readonly hash?: string | undefined;
}

/** A request to end a secret. */
export interface RemoveSecretRequest extends ClientRequest, WriteOptions {
  readonly secret?: string | undefined;
}

/** Names a tenant. */
export interface TenantRequest {
  readonly tenant?: string | undefined;
}

/** A request to register a tenant. */
export interface CreateTenantRequest extends TenantRequest, WriteOptions, Pick<SettingsRequest, "settings"> {}

/** A request to change settings of a tenant. */
export interface UpdateTenantRequest extends TenantRequest, WriteOptions, SettingsRequest {}

/** A request to delete a tenant. */
export interface DeleteTenantRequest extends TenantRequest, WriteOptions {
  /** Whether its clients go with it; otherwise it must have none that are stored. */
  readonly force?: boolean | undefined;
  /** Whether the answer waits until every node acts by it. */
  readonly wait?: boolean | undefined;
}

/** A request for a page of tenants, of any. */
export interface ListTenantsRequest extends ListRequest {
  readonly tenant?: undefined;
}

/** A request for a page of entries, sorted by id. */
export interface ListRequest {
  /** Only entries whose id contains this text; case does not count. */
  readonly filter?: string | undefined;
  readonly pageSize?: number | undefined;
  readonly pageToken?: string | undefined;
}

/** An entry, of the file or stored. */
export interface EntryDescription extends Omit<Entry, "kind" | "tenant" | "id" | "words" | "secrets"> {
  /** In the words of the configuration file: of a client without `secrets`, of a tenant without `clients`. */
  readonly settings: JsonObject;
}

/** A client's entry. */
export interface ClientDescription extends EntryDescription, Pick<Entry, "secrets"> {
  readonly client: string;
}

/** A tenant's entry. */
export interface TenantDescription extends EntryDescription {
  readonly tenant: string;
}

/** A page of tenants. */
export interface TenantPage {
  readonly tenants: readonly TenantDescription[];
  /** Undefined on the last page. */
  readonly nextPageToken: string | undefined;
}

/** What became of a change of a tenant. */
export interface ChangedTenant {
  /** Undefined if it was deleted. */
  readonly tenant: TenantDescription | undefined;
  /** By when every node that reaches the store acts by it. */
  readonly effectiveAt: Instant;
  /** Until when nobody can have the name of a tenant that was deleted; undefined: it was not. */
  readonly keptUntil: Instant | undefined;
}

/** A page of clients. */
export interface ClientPage {
  readonly clients: readonly ClientDescription[];
  /** Undefined on the last page. */
  readonly nextPageToken: string | undefined;
}

/** What became of a change. */
export interface ChangedClient {
  /** Undefined if it was deleted. */
  readonly client: ClientDescription | undefined;
  /** By when every node that reaches the store acts by it. */
  readonly effectiveAt: Instant;
}

/** A secret that was made. */
export interface AddedSecret extends ChangedClient {
  readonly secretId: string;
  /** Nobody can read it again. Undefined if nothing was made: with a hash, for a retry, or with `validateOnly`. */
  readonly secret: string | undefined;
}

/** What holds for a client now, setting by setting. */
export interface EffectiveClient {
  readonly settings: Readonly<Record<string, EffectiveSetting>>;
}

/** An operator, as others see it. */
export interface OperatorDescription {
  readonly id: string;
  readonly roles: readonly OperatorRole[];
}
