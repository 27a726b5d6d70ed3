import { Code } from "@connectrpc/connect";
import { OAuthError } from "../engine/errors.ts";
import type { Engine, TenantEngine } from "../engine/port.ts";
import { DEFAULT_TENANT } from "../wire/tenants.ts";
import { toConnectError } from "./errors.ts";

/** The tenant of a request. Throws the refusal `invalid_request`, as NOT_FOUND, if there is none. */
export function findTenant(engine: Engine, id: string): TenantEngine {
  const tenant = engine.forTenant(id || DEFAULT_TENANT);
  if (tenant === undefined) {
    throw toConnectError(new OAuthError("invalid_request", "There is no such tenant."), Code.NotFound);
  }
  return tenant;
}
