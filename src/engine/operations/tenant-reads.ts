import type { Operator } from "../../registry/tenant.ts";
import { isFor } from "../clients/operator.ts";
import type { InstanceContext } from "../context.ts";
import type { ListTenantsRequest, TenantDescription, TenantPage, TenantRequest } from "../registry-request.ts";
import { pageOf } from "./entry-pages.ts";
import type { Done } from "./operation.ts";
import { notThere } from "./registry.ts";
import { describeTenant, tenantIn } from "./tenants.ts";

const READ = { event: "registry_read" } as const;

/** The tenant's entry that counts. For operators only, as all that follow. Throws OAuthError `invalid_request`. */
export async function getTenant(
  context: InstanceContext,
  _operator: Operator,
  request: TenantRequest,
): Promise<Done<TenantDescription>> {
  const id = tenantIn(request);
  await context.registrations.catchUp();
  const [entry] = context.registrations.find("tenant", id, id);
  if (entry === undefined) throw notThere("tenant", id);
  return { answer: describeTenant(entry), event: READ };
}

/**
 * The tenants of both sources for which the operator may act, sorted by id; of one id, the one that counts first. Throws
 * OAuthError `invalid_request`.
 */
export async function listTenants(
  { registrations }: InstanceContext,
  { tenants }: Operator,
  request: ListTenantsRequest,
): Promise<Done<TenantPage>> {
  await registrations.catchUp();
  const own = registrations.tenants().filter(({ id }) => isFor(tenants, id));
  const { page, nextPageToken } = pageOf(own, request);
  return { answer: { tenants: page.map(describeTenant), nextPageToken }, event: READ };
}
