import type { PublicJwk } from "../keyring/port.ts";
import type { Tenant } from "../registry/tenant.ts";
import type { AnswerOf, OperationName, RequestOf } from "./perform.ts";
import type { Caller } from "./request.ts";

/** All that a door may ask for. Every method throws an OAuthError and nothing else. */
export interface Engine {
  /** The tenant's part, or undefined if there is no such tenant. */
  forTenant(id: string): TenantEngine | undefined;
}

/** Every operation of the table, for whoever calls. */
export type PerformedOperations = {
  readonly [Name in OperationName]: (caller: Caller, ...request: RequestOf<Name>) => Promise<AnswerOf<Name>>;
};

/** What one tenant can be asked for: its operations, and what everyone may read. */
export interface TenantEngine extends PerformedOperations {
  readonly tenant: Tenant;
  /** The extension grants, and the parameters that each takes by their names on the wire, for discovery. */
  readonly grantParameters: ReadonlyMap<string, readonly string[]>;
  /** How clients can prove who they are, by the names that metadata has for it (RFC 8414 section 2). */
  readonly clientAuthenticationMethods: readonly string[];
  /** The published keys (RFC 7517 section 5). */
  jwks(): { readonly keys: readonly PublicJwk[] };
}
