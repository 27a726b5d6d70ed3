import type { KeyDescription, PublicJwk, Rotation } from "../keyring/port.ts";
import type { Tenant } from "../registry/tenant.ts";
import type {
  ClientCredentials,
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
  mint(credentials: ClientCredentials, request: MintRequest): Promise<TokenSet>;
  /** Exchanges a refresh token for new tokens (RFC 6749 section 6). */
  refresh(credentials: ClientCredentials, request: RefreshRequest): Promise<TokenSet>;
  /** Tells whether a token is alive, and what it says (RFC 7662). */
  introspect(credentials: ClientCredentials, request: IntrospectRequest): Promise<Introspection>;
  /** Ends a token, a grant, or all that a subject has (RFC 7009). */
  revoke(credentials: ClientCredentials, request: RevokeRequest): Promise<void>;
  /** Makes the next key, or says what that would do. For operators, never clients. */
  rotate(credentials: ClientCredentials, request: RotateRequest): Promise<Rotation>;
  /** Every generation of the tenant's keys: signing first, oldest first. For operators, never clients. */
  listKeys(credentials: ClientCredentials): Promise<readonly KeyDescription[]>;
  /** Ends all that a client minted up to now. For operators, never clients. */
  revokeClient(credentials: ClientCredentials, request: RevokeClientRequest): Promise<ClientRevocation>;
}
