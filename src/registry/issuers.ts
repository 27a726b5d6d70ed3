import { joinUrl, normalizeUrl } from "../base/url.ts";
import type { Problems } from "../schema/problems.ts";
import type { TenantDraft } from "./build-tenant.ts";
import type { Tenant } from "./tenant.ts";

/** The tenant that is served at the root. */
const DEFAULT_TENANT = "default";

/**
 * Gives every tenant its issuer: its own, or one made of the public URL. Notes where two have the same, and where a
 * client is allowed another tenant's. Issuers are compared as normal URLs, as careless verifiers do.
 */
export function withIssuers(
  drafts: readonly TenantDraft[],
  publicUrl: string,
  problems: Problems,
): ReadonlyMap<string, Tenant> {
  const tenants = drafts.map((draft) => ({ ...draft, issuer: draft.issuer ?? issuerOf(draft.id, publicUrl) }));
  const owners = new Map<string, string>();
  for (const { id, issuer } of tenants) {
    const owner = owners.get(normalizeUrl(issuer));
    if (owner === undefined) owners.set(normalizeUrl(issuer), id);
    else problems.at(id, "issuer").add(`${JSON.stringify(issuer)} is the issuer of the tenant ${owner} already`);
  }
  for (const tenant of tenants) checkAllowedIssuers(tenant, owners, problems.at(tenant.id, "clients"));
  return new Map(tenants.map((tenant) => [tenant.id, tenant]));
}

function issuerOf(id: string, publicUrl: string): string {
  return id === DEFAULT_TENANT ? publicUrl : joinUrl(publicUrl, id);
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
