import { Code, ConnectError } from "@connectrpc/connect";
import type { Engine, TenantEngine } from "../engine/port.ts";

/** The tenant of a request. Throws a ConnectError NOT_FOUND where there is none. */
export function findTenant(engine: Engine, id: string): TenantEngine {
  const tenant = engine.forTenant(id || "default");
  if (tenant === undefined) throw new ConnectError("There is no such tenant.", Code.NotFound);
  return tenant;
}
