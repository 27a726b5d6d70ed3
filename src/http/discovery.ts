import type { TenantEngine } from "../engine/port.ts";
import type { Tenant } from "../engine/tenant.ts";
import { OFFLINE_ACCESS } from "../token/scope.ts";
import { type Endpoint, tenantBase, tenantPaths } from "./endpoint.ts";
import { INTROSPECT_PATH } from "./introspect.ts";
import { JWKS_PATH } from "./jwks.ts";
import { publicDocument } from "./public-document.ts";
import { REVOCATION_PATH } from "./revocation.ts";
import { REFRESH_GRANT_TYPE, TOKEN_PATH } from "./token.ts";

/** How a client may authenticate, wherever it does (RFC 6749 section 2.3.1). */
const AUTH_METHODS = ["client_secret_basic", "client_secret_post"];

const OAUTH_PATH = "/.well-known/oauth-authorization-server";

/** Below every tenant's base, and where RFC 8414 section 3.1 puts it: between the host and the path of the issuer. */
const PATHS = [
  ...tenantPaths("/.well-known/openid-configuration"),
  ...tenantPaths(OAUTH_PATH),
  `${OAUTH_PATH}/:tenant`,
] as const;

/**
 * The metadata of a tenant, the same for OAuth (RFC 8414) and OpenID Connect Discovery 1.0. `publicUrl`: what clients reach the gateway by, without a slash at its end.
 */
export function discovery(publicUrl: string): Endpoint {
  return publicDocument(PATHS, (engine) => metadata(engine, publicUrl + tenantBase(engine.tenant.id)));
}

function metadata(engine: TenantEngine, base: string): object {
  const { tenant, grantParameters } = engine;
  return {
    issuer: tenant.issuer,
    token_endpoint: base + TOKEN_PATH,
    jwks_uri: base + JWKS_PATH,
    introspection_endpoint: base + INTROSPECT_PATH,
    revocation_endpoint: base + REVOCATION_PATH,
    grant_types_supported: [...grantParameters.keys(), REFRESH_GRANT_TYPE],
    // No registered member says which parameters an extension grant takes; RFC 8414 section 2 lets others be added.
    grant_parameters_supported: Object.fromEntries(grantParameters),
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    introspection_endpoint_auth_methods_supported: AUTH_METHODS,
    revocation_endpoint_auth_methods_supported: AUTH_METHODS,
    // Of the keys that are published: the configured algorithm signs only from the next key on.
    id_token_signing_alg_values_supported: [...new Set(engine.jwks().keys.map(({ alg }) => alg))],
    subject_types_supported: ["public"],
    // Required, though there is no authorization endpoint for them.
    response_types_supported: [],
    scopes_supported: scopesOf(tenant),
  };
}

/** The scopes that the tenant's resources own, and `offline_access` where a client may ask for it; none is left out. */
function scopesOf({ resources, clients }: Tenant): readonly string[] | undefined {
  const scopes = new Set([...resources.values()].flat());
  if (clients.values().some(({ allowOfflineAccess }) => allowOfflineAccess)) scopes.add(OFFLINE_ACCESS);
  return scopes.size === 0 ? undefined : [...scopes].sort();
}
