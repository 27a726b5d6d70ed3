import type { KeyDescription, PublicJwk, Rotation } from "../keyring/port.ts";
import type { Tenant } from "../registry/tenant.ts";
import type {
  Caller,
  ClientRevocation,
  Introspection,
  IntrospectRequest,
  MintRequest,
  RefreshRequest,
  RevokeClientRequest,
  RevokeRequest,
  RotateRequest,
  TokenSet,
} from "./request.ts";

/** All that a door may ask for. Every method throws an OAuthError and nothing else. */
export interface Engine {
  /** The tenant's part, or undefined where there is no such tenant. */
  forTenant(id: string): TenantEngine | undefined;
}

export interface TenantEngine {
  readonly tenant: Tenant;
  /** The extension grants, and the parameters that each takes by their names on the wire, for discovery. */
  readonly grantParameters: ReadonlyMap<string, readonly string[]>;
  /** The published keys (RFC 7517 section 5). */
  jwks(): { readonly keys: readonly PublicJwk[] };
  /** Mints tokens by an extension grant (RFC 6749 section 4.5). */
  mint(caller: Caller, request: MintRequest): Promise<TokenSet>;
  /** Exchanges a refresh token for new tokens (RFC 6749 section 6). */
  refresh(caller: Caller, request: RefreshRequest): Promise<TokenSet>;
  /** Tells whether a token is alive, and what it says (RFC 7662). */
  introspect(caller: Caller, request: IntrospectRequest): Promise<Introspection>;
  /** Ends a token, a grant, or all that a subject has (RFC 7009). */
  revoke(caller: Caller, request: RevokeRequest): Promise<void>;
  /** Makes the next key, or says what that would do. For operators, never clients. */
  rotate(caller: Caller, request: RotateRequest): Promise<Rotation>;
  /** Every generation of the tenant's keys: signing first, oldest first. For operators, never clients. */
  listKeys(caller: Caller): Promise<readonly KeyDescription[]>;
  /** Ends all that a client minted up to now. For operators, never clients. */
  revokeClient(caller: Caller, request: RevokeClientRequest): Promise<ClientRevocation>;
}
