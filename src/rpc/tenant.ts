import type { HandlerContext } from "@connectrpc/connect";
import { NO_SUCH_TENANT, OAuthError } from "../engine/errors.ts";
import type { Engine, TenantEngine } from "../engine/port.ts";
import { DEFAULT_TENANT } from "../wire/tenants.ts";
import { arrivalIn } from "./arrivals.ts";
import { toConnectError } from "./errors.ts";

/** Finds the tenant of a request. Throws a refusal `invalid_request`, with the status NOT_FOUND, if there is none. */
export function findTenant(engine: Engine, id: string, context: Pick<HandlerContext, "values">): TenantEngine {
  const name = id || DEFAULT_TENANT;
  const tenant = engine.forTenant(name);
  if (tenant === undefined) {
    throw toConnectError(new OAuthError("invalid_request", NO_SUCH_TENANT, { conflict: "not_found" }));
  }
  arrivalIn(context).tenant = name;
  return tenant;
}
