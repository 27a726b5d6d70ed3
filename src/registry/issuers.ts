import { joinUrl, normalizeUrl } from "../base/url.ts";
import type { Problems } from "../schema/problems.ts";
import type { Tenant } from "./tenant.ts";

/** The tenant that is served at the root. */
const DEFAULT_TENANT = "default";

/** The issuer of a tenant that names none: made of the public URL. */
export function issuerOf(id: string, publicUrl: string): string {
  return id === DEFAULT_TENANT ? publicUrl : joinUrl(publicUrl, id);
}

/**
 * Notes if two tenants have the same issuer, and if a client is allowed another tenant's. Issuers are compared as normal
 * URLs, as careless verifiers do.
 */
export function checkIssuers(tenants: Iterable<Tenant>, problems: Problems): void {
  const all = [...tenants];
  const owners = new Map<string, string>();
  for (const { id, issuer } of all) {
    const owner = owners.get(normalizeUrl(issuer));
    if (owner === undefined) owners.set(normalizeUrl(issuer), id);
    else problems.at(id, "issuer").add(`${JSON.stringify(issuer)} is the issuer of the tenant ${owner} already`);
  }
  for (const tenant of all) checkAllowedIssuers(tenant, owners, problems.at(tenant.id, "clients"));
}

function checkAllowedIssuers(tenant: Tenant, owners: ReadonlyMap<string, string>, problems: Problems): void {
  for (const [id, client] of tenant.clients) {
    for (const [index, issuer] of [...client.allowedIssuers].entries()) {
      const owner = owners.get(normalizeUrl(issuer)) ?? tenant.id;
      if (owner === tenant.id) continue;
      problems.at(id, "allowedIssuers", index).add(`${JSON.stringify(issuer)} is the issuer of the tenant ${owner}`);
    }
  }
}
