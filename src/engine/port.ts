import type { PublicJwk } from "../keyring/port.ts";
import type { Tenant } from "../registry/tenant.ts";
import type { ClientAuthentication } from "./clients/index.ts";
import type { AnswerOf, OperationName, RequestOf } from "./perform.ts";
import type { InstanceAnswerOf, InstanceOperationName, InstanceRequestOf } from "./perform-instance.ts";
import type { Caller } from "./request.ts";

/** All that a door can call. Every method throws OAuthError and nothing else. */
export interface Engine {
  /**
   * The engine of one tenant, or undefined for an unknown tenant. Throws OAuthError `temporarily_unavailable` for one that
   * this node cannot know, as it could not read for too long.
   */
  forTenant(id: string): TenantEngine | undefined;
  /** What is about the mint as a whole. */
  readonly instance: InstanceEngine;
}

/** Every operation of the mint as a whole, as a method. */
export type InstanceEngine = {
  readonly [Name in InstanceOperationName]: (
    caller: Caller,
    request: InstanceRequestOf<Name>,
  ) => Promise<InstanceAnswerOf<Name>>;
};

/** Every operation of the table, as a method. Derived, so that a new operation needs no change here. */
export type PerformedOperations = {
  readonly [Name in OperationName]: (
    caller: Caller,
    ...request: undefined extends RequestOf<Name> ? [] : [request: RequestOf<Name>]
  ) => Promise<AnswerOf<Name>>;
};

/** One tenant's operations, and what anyone may read of it. */
export interface TenantEngine extends PerformedOperations {
  readonly tenant: Tenant;
  /** The extension grants with the wire names of their parameters, for discovery. */
  readonly grantParameters: ReadonlyMap<string, readonly string[]>;
  /** The grants among them that can be refreshed, for discovery. */
  readonly refreshableGrants: ReadonlySet<string>;
  /** How clients prove who they are, for discovery. */
  clientAuthentication(): ClientAuthentication;
  /** The published keys (RFC 7517 section 5). */
  jwks(): Promise<{ readonly keys: readonly PublicJwk[] }>;
}
