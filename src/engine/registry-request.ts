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

/** A request to register a client. */
export interface CreateClientRequest extends ClientRequest, WriteOptions {
  /** In the words of the configuration file, without `secrets`. */
  readonly settings?: JsonObject | undefined;
}

/** A request to change settings of a client. */
export interface UpdateClientRequest extends CreateClientRequest {
  /**
   * The settings that become as the request has them, or their defaults if it lacks them; `*`: all. Empty: those that it
   * has.
   */
  readonly updateMask?: readonly string[] | undefined;
}

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
}

/** A request to end a secret. */
export interface RemoveSecretRequest extends ClientRequest, WriteOptions {
  readonly secret?: string | undefined;
}

/** A request for a page of clients, sorted by id. */
export interface ListClientsRequest {
  /** Only clients whose id contains this text; case does not count. */
  readonly filter?: string | undefined;
  readonly pageSize?: number | undefined;
  readonly pageToken?: string | undefined;
}

/** A client's entry, of the file or stored. */
export interface ClientDescription extends Omit<Entry, "kind" | "tenant" | "id" | "words"> {
  readonly client: string;
  /** In the words of the configuration file, without `secrets`. */
  readonly settings: JsonObject;
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
  /** Nobody can read it again. Undefined if nothing was made: for a retry, or with `validateOnly`. */
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
