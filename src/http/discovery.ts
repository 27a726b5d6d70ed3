import { joinUrl } from "../base/url.ts";
import type { TenantEngine } from "../engine/port.ts";
import { REFRESH_GRANT_TYPE } from "../engine/request.ts";
import { DPOP_ALGORITHMS } from "../possession/proof-signature.ts";
import { type Client, type Tenant, TOKEN_EXCHANGE, TOKEN_PATH } from "../registry/tenant.ts";
import { OFFLINE_ACCESS } from "../token/scope.ts";
import { AUTHORIZATION_PATH } from "./authorization.ts";
import { type Endpoint, tenantBase, tenantPaths } from "./endpoint.ts";
import { INTROSPECT_PATH } from "./introspect.ts";
import { JWKS_PATH } from "./jwks.ts";
import { publicDocument } from "./public-document.ts";
import { REVOCATION_PATH } from "./revocation.ts";

/** Where clients reach the gateway. */
interface Urls {
  readonly publicUrl: string;
  /** Where clients with certificates do, if that is elsewhere. */
  readonly mtlsUrl?: string | undefined;
}

const OAUTH_PATH = "/.well-known/oauth-authorization-server";
const OPENID_PATH = "/.well-known/openid-configuration";

/**
 * A tenant's OAuth metadata (RFC 8414), served below its base and also as section 3.1 says, between the host and the
 * path of the issuer.
 */
export function oauthMetadata(urls: Urls): Endpoint {
  const paths = [...tenantPaths(OAUTH_PATH), `${OAUTH_PATH}/:tenant`];
  return publicDocument(paths, (engine) => metadata(engine, urls));
}

/** The same for OpenID Connect Discovery 1.0, which requires an authorization endpoint. */
export function openidMetadata(urls: Urls): Endpoint {
  return publicDocument(tenantPaths(OPENID_PATH), async (engine) => {
    const base = joinUrl(urls.publicUrl, tenantBase(engine.tenant.id));
    return { ...(await metadata(engine, urls)), authorization_endpoint: joinUrl(base, AUTHORIZATION_PATH) };
  });
}

/** The metadata. It omits empty lists, as RFC 8414 section 3.2 requires. */
async function metadata(engine: TenantEngine, { publicUrl, mtlsUrl }: Urls): Promise<object> {
  const { tenant } = engine;
  const base = joinUrl(publicUrl, tenantBase(tenant.id));
  const grantParameters = grantsOf(engine);
  const algorithms = await algorithmsOf(engine);
  const { methods, signingAlgorithms } = engine.clientAuthentication();
  const methodsAndNone = clientsOf(engine).hasPublic ? [...methods, "none"] : methods;
  const signatures = signingAlgorithms.length === 0 ? undefined : signingAlgorithms;
  return {
    issuer: tenant.issuer,
    ...endpointsAt(base),
    jwks_uri: joinUrl(base, JWKS_PATH),
    // RFC 8705 section 5.
    mtls_endpoint_aliases: mtlsUrl && endpointsAt(joinUrl(mtlsUrl, tenantBase(tenant.id))),
    tls_client_certificate_bound_access_tokens: clientsOf(engine).hasCertificateBound || undefined,
    grant_types_supported: grantTypesOf(engine, grantParameters.keys()),
    // No registered member lists the parameters of extension grants; RFC 8414 section 2 allows additional members.
    grant_parameters_supported: Object.fromEntries(grantParameters),
    token_endpoint_auth_methods_supported: methodsAndNone,
    token_endpoint_auth_signing_alg_values_supported: signatures,
    // A public client has to prove nothing but here, and then cannot.
    introspection_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_signing_alg_values_supported: signatures,
    revocation_endpoint_auth_methods_supported: methodsAndNone,
    revocation_endpoint_auth_signing_alg_values_supported: signatures,
    dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
    id_token_signing_alg_values_supported: algorithms,
    // RFC 9701 section 7.
    introspection_signing_alg_values_supported: algorithms,
    subject_types_supported: ["public"],
    // Required. `none` is the registered type of an answer without a code or a token.
    response_types_supported: ["none"],
    scopes_supported: scopesOf(engine),
  };
}

/** The endpoints to which clients post forms. */
function endpointsAt(base: string) {
  return {
    token_endpoint: joinUrl(base, TOKEN_PATH),
    introspection_endpoint: joinUrl(base, INTROSPECT_PATH),
    revocation_endpoint: joinUrl(base, REVOCATION_PATH),
  };
}

/** The grants that a client of the tenant may use, each with its parameters. */
function grantsOf(engine: TenantEngine): TenantEngine["grantParameters"] {
  const { grants } = clientsOf(engine);
  return new Map([...engine.grantParameters].filter(([grantType]) => grants.has(grantType)));
}

/**
 * Adds `refresh_token` if a client may get any. A list with nothing in it must be left out, which would mean grants that
 * there are not (RFC 8414 section 2), so it is there too if there is nothing else.
 */
function grantTypesOf(engine: TenantEngine, grantTypes: Iterable<string>): readonly string[] {
  const listed = [...grantTypes];
  return clientsOf(engine).hasOffline || listed.length === 0 ? [...listed, REFRESH_GRANT_TYPE] : listed;
}

/**
 * The algorithms of the published keys. A newly configured one is used only from the next key on, or for the first key.
 */
async function algorithmsOf(engine: TenantEngine): Promise<readonly string[]> {
  const { keys } = await engine.jwks();
  const published = keys.flatMap(({ alg }) => (typeof alg === "string" ? [alg] : []));
  return published.length === 0 ? [engine.tenant.signing.algorithm] : [...new Set(published)];
}

/**
 * The scopes of the tenant's resources that a client may ask for, and `offline_access` if one gets a refresh token for it;
 * undefined if none.
 */
function scopesOf(engine: TenantEngine): readonly string[] | undefined {
  const { scopes: allowed, hasOffline } = clientsOf(engine);
  const owned = [...engine.tenant.resources.values()].flat();
  const scopes = new Set(owned.filter((scope) => allowed === "*" || allowed.has(scope)));
  if (hasOffline) scopes.add(OFFLINE_ACCESS);
  return scopes.size === 0 ? undefined : [...scopes].sort();
}

/** What the enabled clients of a tenant may do together. */
interface Clients {
  readonly hasPublic: boolean;
  readonly hasCertificateBound: boolean;
  readonly hasOffline: boolean;
  readonly grants: ReadonlySet<string>;
  readonly scopes: ReadonlySet<string> | "*";
}

/** Found once for each state of a tenant: it may have very many clients. */
const found = new WeakMap<Tenant, Clients>();

function clientsOf({ tenant, refreshableGrants }: TenantEngine): Clients {
  const known = found.get(tenant);
  if (known !== undefined) return known;
  const enabled = tenant.clients
    .values()
    .filter((client) => client.enabled)
    .toArray();
  const mayRefresh = ({ tokenExchange }: Client, grant: string) =>
    refreshableGrants.has(grant) && (grant !== TOKEN_EXCHANGE || tokenExchange?.allowRefresh === true);
  const minting = enabled.filter(({ grants }) => grants.size > 0);
  const clients = {
    hasPublic: enabled.some(({ requireSecret }) => !requireSecret),
    hasCertificateBound: enabled.some(({ certificateBoundTokens }) => certificateBoundTokens),
    hasOffline: enabled.some(
      (client) => client.allowOfflineAccess && client.grants.values().some((grant) => mayRefresh(client, grant)),
    ),
    grants: new Set(minting.flatMap(({ grants }) => [...grants])),
    scopes: minting.some(({ scopes }) => scopes === "*")
      ? ("*" as const)
      : new Set(minting.flatMap(({ scopes }) => [...scopes])),
  };
  found.set(tenant, clients);
  return clients;
}
