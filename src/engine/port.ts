import type { PublicJwk } from "../keyring/port.ts";
import type { ClientCredentials, MintRequest, TokenSet } from "./request.ts";
import type { Tenant } from "./tenant.ts";

/** All that a door may ask for. Every method throws an OAuthError and nothing else. */
export interface Engine {
  /** The tenant's part, or undefined where there is no such tenant. */
  forTenant(id: string): TenantEngine | undefined;
}

export interface TenantEngine {
  readonly tenant: Tenant;
  /** The grant types that the token endpoint takes, for discovery. */
  readonly grantTypes: readonly string[];
  /** The published keys (RFC 7517 section 5). */
  jwks(): { readonly keys: readonly PublicJwk[] };
  /** Mints tokens by an extension grant (RFC 6749 section 4.5). */
  mint(credentials: ClientCredentials, request: MintRequest): Promise<TokenSet>;
}
