import { matchesAnyGlob } from "../base/glob.ts";
import { type Client, ownResources, type Tenant, TOKEN_EXCHANGE } from "../registry/tenant.ts";
import { OFFLINE_ACCESS } from "../token/scope.ts";
import { OAuthError } from "./errors.ts";
import type { Audience } from "./grant.ts";
import type { MintRequest } from "./request.ts";

/** What a grant gives at which audiences. */
interface Targeted {
  readonly scopes: readonly string[];
  readonly audience: readonly Audience[];
}

/** What a request says of its target: `resource` (RFC 8707 section 2), and the scopes that it names itself. */
interface Target {
  readonly resources?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** An absolute URI without a fragment (RFC 3986 section 4.3). */
const ABSOLUTE_URI = /^[a-z][a-z0-9+.-]*:(?:[a-z0-9._~:/?[\]@!$&'()*+,;=-]|%[0-9a-f]{2})+$/i;

/**
 * Throws OAuthError `invalid_target` (RFC 8707 section 2) unless each resource is an absolute URI without a fragment, and
 * the client may ask for it. If nothing in its registration names audiences, it may ask only for resources that its tenant
 * knows.
 */
export function checkResources({ grantType, resources = [] }: MintRequest, client: Client, tenant: Tenant): void {
  const exchangeable = grantType === TOKEN_EXCHANGE ? client.tokenExchange?.audiences : undefined;
  const globs = client.allowedAudiences ?? exchangeable;
  for (const name of resources) {
    requireUri(name);
    const isAllowed = globs === undefined ? tenant.resources.has(name) : matchesAnyGlob(globs, name);
    if (!isAllowed && name !== ownResources(tenant))
      throw new OAuthError("invalid_target", `The resource '${name}' is not allowed for this client.`);
  }
}

/**
 * What is granted if the caller names resources: they are the audience (RFC 9068 section 3), with the audiences that the
 * caller adds by name; those that scopes would give go.
 *
 * Throws OAuthError `invalid_scope` if the caller also names a scope of another resource. Other scopes of those go.
 */
export function atResources<G extends Targeted>(granted: G, target: Target, tenant: Tenant): G {
  if (target.resources === undefined) return granted;
  const names = new Set(target.resources);
  const added = new Map(granted.audience.filter(({ added }) => added).map((audience) => [audience.name, audience]));
  const named = [...names].map((name) => added.get(name) ?? { name });
  const audience = [...named, ...[...added.values()].filter(({ name }) => !names.has(name))];
  return { ...granted, audience, scopes: scopesAt(audience, granted.scopes, target, tenant) };
}

/**
 * What is left of a grant if only some of its audiences are asked for (RFC 8707 section 2.2).
 *
 * Throws OAuthError `invalid_target` for one that it does not have, and `invalid_scope` as {@link atResources} does.
 */
export function narrowToResources<G extends Targeted>(
  narrowed: G,
  granted: Targeted,
  target: Target,
  tenant: Tenant,
): G {
  if (target.resources === undefined) return narrowed;
  for (const resource of target.resources) {
    requireUri(resource);
    if (!granted.audience.some(({ name }) => name === resource))
      throw new OAuthError("invalid_target", `The resource '${resource}' was not granted.`);
  }
  const audience = granted.audience.filter(({ name }) => target.resources?.includes(name));
  return { ...narrowed, audience, scopes: scopesAt(audience, narrowed.scopes, target, tenant) };
}

/** The resource of the tenant that owns a scope; undefined if none does. */
export function ownerOf({ resources }: Tenant, scope: string): string | undefined {
  for (const [resource, scopes] of resources) {
    if (scopes.includes(scope)) return resource;
  }
  return undefined;
}

/** A token's scopes mean something to its audience (RFC 9068 section 3). One that no resource owns may be anyone's. */
function scopesAt(
  audience: readonly Audience[],
  scopes: readonly string[],
  { scopes: named }: Target,
  tenant: Tenant,
): readonly string[] {
  return scopes.filter((scope) => {
    const owner = scope === OFFLINE_ACCESS ? undefined : ownerOf(tenant, scope);
    if (owner === undefined || audience.some(({ name }) => name === owner)) return true;
    if (named?.includes(scope))
      throw new OAuthError("invalid_scope", `The scope '${scope}' belongs to none of the requested resources.`);
    return false;
  });
}

function requireUri(resource: string): void {
  if (ABSOLUTE_URI.test(resource) && URL.canParse(resource)) return;
  throw new OAuthError("invalid_target", `The resource '${resource}' must be an absolute URI without a fragment.`);
}
