import type { StoredEntry } from "../../registry/document.ts";
import type { Entry } from "../../registry/entries.ts";
import { tenantId } from "../../registry/fields.ts";
import { storedTenant } from "../../registry/schema-tenant.ts";
import type { Operator } from "../../registry/tenant.ts";
import type { EntryChange } from "../../telemetry/performed.ts";
import type { InstanceContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import type {
  ChangedTenant,
  CreateTenantRequest,
  DeleteTenantRequest,
  TenantDescription,
  TenantRequest,
  UpdateTenantRequest,
} from "../registry-request.ts";
import type { Done } from "./operation.ts";
import { alreadyThere, notThere, writeEntry } from "./registry.ts";
import { maskOf, settingsIn, updated } from "./settings.ts";

/** What no settings may have. */
const CLIENTS = ["clients", "clients are registered by CreateClient"] as const;

/**
 * Registers a tenant. Its keys are there before the answer. For operators only, as all that follow.
 *
 * Throws OAuthError `invalid_request`: with the place of each setting that breaks a rule, as `already_exists`, or as
 * `failed_precondition` if a tenant of that id was deleted not long ago.
 */
export async function createTenant(
  context: InstanceContext,
  operator: Operator,
  request: CreateTenantRequest,
): Promise<Done<ChangedTenant>> {
  const id = tenantIn(request);
  const settings = settingsIn(request, ...CLIENTS);
  return change(context, operator, request, "created", Object.keys(settings), (current) => {
    if (current !== undefined) throw alreadyThere("tenant", id);
    return { entry: settings, secrets: [] };
  });
}

/** Changes settings of a tenant. Throws OAuthError `invalid_request`, also as `not_found` and `aborted`. */
export async function updateTenant(
  context: InstanceContext,
  operator: Operator,
  request: UpdateTenantRequest,
): Promise<Done<ChangedTenant>> {
  const id = tenantIn(request);
  const settings = settingsIn(request, ...CLIENTS);
  const names = maskOf(request, settings, storedTenant.shape);
  return change(context, operator, request, "updated", names ?? ["*"], (current) => {
    if (current === undefined) throw notThere("tenant", id);
    return { ...current, entry: updated(current.entry, settings, names) };
  });
}

/**
 * Deletes a tenant: once the answer's time has come, no node serves it. Throws OAuthError as {@link updateTenant} does, and
 * as `failed_precondition` if it has stored clients that are not to go with it.
 */
export async function deleteTenant(
  context: InstanceContext,
  operator: Operator,
  request: DeleteTenantRequest,
): Promise<Done<ChangedTenant>> {
  const id = tenantIn(request);
  const done = await change(context, operator, request, "deleted", [], (current) => {
    if (current === undefined) throw notThere("tenant", id);
    return undefined;
  });
  if (request.wait && !request.validateOnly) await context.clock.past(done.answer.effectiveAt);
  return done;
}

/** A tenant's entry as operators see it. */
export function describeTenant({
  kind: _,
  tenant,
  id: __,
  words: settings,
  secrets: ___,
  ...same
}: Entry): TenantDescription {
  return { tenant, settings, ...same };
}

/** The tenant that a request names. Throws OAuthError `invalid_request` if it names none. */
export function tenantIn({ tenant }: TenantRequest): string {
  if (tenant === undefined) throw new OAuthError("invalid_request", "tenant is required.");
  if (!tenantId.safeParse(tenant).success) {
    const expected = "1 to 63 lower-case letters, digits and hyphens, the first no hyphen";
    throw new OAuthError("invalid_request", `tenant must be a tenant's id: ${expected}.`);
  }
  return tenant;
}

/** Writes a tenant's entry, and reports it. `fields`: the names of the settings that change. */
async function change(
  context: InstanceContext,
  operator: Operator,
  request: DeleteTenantRequest,
  what: EntryChange,
  fields: readonly string[],
  make: (current: StoredEntry | undefined) => StoredEntry | undefined,
): Promise<Done<ChangedTenant>> {
  const id = tenantIn(request);
  const { etag, validateOnly = false, idempotencyKey, force } = request;
  const wanted = { kind: "tenant", tenant: id, id, ifEtag: etag, validateOnly, idempotencyKey, force, make } as const;
  const { entry, effectiveAt, keptUntil } = await writeEntry(context, operator, wanted, { what, ...request });
  const answer = { tenant: entry && describeTenant(entry), effectiveAt, keptUntil };
  return { answer, event: { event: "tenant_registered", change: what, fields, validateOnly } };
}
