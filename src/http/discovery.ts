import { joinUrl } from "../base/url.ts";
import type { TenantEngine } from "../engine/port.ts";
import { REFRESH_GRANT_TYPE } from "../engine/request.ts";
import type { Tenant } from "../registry/tenant.ts";
import { OFFLINE_ACCESS } from "../token/scope.ts";
import { AUTHORIZATION_PATH } from "./authorization.ts";
import { type Endpoint, tenantBase, tenantPaths } from "./endpoint.ts";
import { INTROSPECT_PATH } from "./introspect.ts";
import { JWKS_PATH } from "./jwks.ts";
import { publicDocument } from "./public-document.ts";
import { REVOCATION_PATH } from "./revocation.ts";
import { TOKEN_PATH } from "./token.ts";

const OAUTH_PATH = "/.well-known/oauth-authorization-server";
const OPENID_PATH = "/.well-known/openid-configuration";

/**
 * The metadata of a tenant for OAuth (RFC 8414): below its base, and where section 3.1 puts it, between the host and the
 * path of the issuer. `publicUrl`: what clients reach the gateway by.
 */
export function oauthMetadata(publicUrl: string): Endpoint {
  const paths = [...tenantPaths(OAUTH_PATH), `${OAUTH_PATH}/:tenant`];
  return publicDocument(paths, (engine) => metadata(engine, joinUrl(publicUrl, tenantBase(engine.tenant.id))));
}

/** The same for OpenID Connect Discovery 1.0, which cannot be without an authorization endpoint. */
export function openidMetadata(publicUrl: string): Endpoint {
  return publicDocument(tenantPaths(OPENID_PATH), (engine) => {
    const base = joinUrl(publicUrl, tenantBase(engine.tenant.id));
    return { ...metadata(engine, base), authorization_endpoint: joinUrl(base, AUTHORIZATION_PATH) };
  });
}

/** Clients refuse an empty list as they refuse a missing one, so none is ever empty (RFC 8414 section 3.2). */
function metadata(engine: TenantEngine, base: string): object {
  const { tenant, grantParameters } = engine;
  return {
    issuer: tenant.issuer,
    token_endpoint: joinUrl(base, TOKEN_PATH),
    jwks_uri: joinUrl(base, JWKS_PATH),
    introspection_endpoint: joinUrl(base, INTROSPECT_PATH),
    revocation_endpoint: joinUrl(base, REVOCATION_PATH),
    grant_types_supported: [...grantParameters.keys(), REFRESH_GRANT_TYPE],
    // No registered member says which parameters an extension grant takes; RFC 8414 section 2 lets others be added.
    grant_parameters_supported: Object.fromEntries(grantParameters),
    token_endpoint_auth_methods_supported: authMethodsOf(engine),
    introspection_endpoint_auth_methods_supported: engine.clientAuthenticationMethods,
    revocation_endpoint_auth_methods_supported: authMethodsOf(engine),
    id_token_signing_alg_values_supported: algorithmsOf(engine),
    subject_types_supported: ["public"],
    // Required. The registered type of an answer without a code or a token is the one that promises nothing.
    response_types_supported: ["none"],
    scopes_supported: scopesOf(tenant),
  };
}

/** Public clients show no secret, but to introspect. */
function authMethodsOf({ tenant, clientAuthenticationMethods }: TenantEngine): readonly string[] {
  const hasPublic = tenant.clients.values().some(({ requireSecret, enabled }) => enabled && !requireSecret);
  return hasPublic ? [...clientAuthenticationMethods, "none"] : clientAuthenticationMethods;
}

/** Those of the published keys: the configured one signs only from the next key on, or while there is none yet. */
function algorithmsOf(engine: TenantEngine): readonly string[] {
  const published = engine.jwks().keys.flatMap(({ alg }) => (typeof alg === "string" ? [alg] : []));
  return published.length === 0 ? [engine.tenant.signing.algorithm] : [...new Set(published)];
}

/** The scopes that the tenant's resources own, and `offline_access` if a client may ask for it; none is left out. */
function scopesOf({ resources, clients }: Tenant): readonly string[] | undefined {
  const scopes = new Set([...resources.values()].flat());
  if (clients.values().some(({ allowOfflineAccess }) => allowOfflineAccess)) scopes.add(OFFLINE_ACCESS);
  return scopes.size === 0 ? undefined : [...scopes].sort();
}
