import { joinUrl, normalizeUrl } from "../base/url.ts";
import type { Problems } from "../schema/problems.ts";
import type { Tenant } from "./tenant.ts";

/** The tenant that is served at the root. */
const DEFAULT_TENANT = "default";

/** The default issuer of a tenant. */
export function issuerOf(id: string, publicUrl: string): string {
  return id === DEFAULT_TENANT ? publicUrl : joinUrl(publicUrl, id);
}

/**
 * Notes a problem if two tenants have the same issuer, or if a client is allowed another tenant's. Issuers are compared
 * as normalized URLs, as some verifiers compare them.
 */
export function checkIssuers(tenants: Iterable<Tenant>, problems: Problems): void {
  const all = [...tenants];
  const owners = new Map<string, string>();
  for (const { id, issuer } of all) {
    const owner = owners.get(normalizeUrl(issuer));
    if (owner === undefined) owners.set(normalizeUrl(issuer), id);
    else problems.at(id, "issuer").add(`${JSON.stringify(issuer)} is already the issuer of the tenant ${owner}`);
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
