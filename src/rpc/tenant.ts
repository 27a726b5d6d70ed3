import { Code } from "@connectrpc/connect";
import { OAuthError } from "../engine/errors.ts";
import type { Engine, TenantEngine } from "../engine/port.ts";
import { DEFAULT_TENANT } from "../wire/tenants.ts";
import { toConnectError } from "./errors.ts";

/** Finds the tenant of a request. Throws a refusal `invalid_request`, with the status NOT_FOUND, if there is none. */
export function findTenant(engine: Engine, id: string): TenantEngine {
  const tenant = engine.forTenant(id || DEFAULT_TENANT);
  if (tenant === undefined) {
    throw toConnectError(new OAuthError("invalid_request", "There is no such tenant."), Code.NotFound);
  }
  return tenant;
}
