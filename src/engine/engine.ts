import { toOAuthError } from "./errors.ts";
import { introspect } from "./introspect.ts";
import { mint } from "./mint.ts";
import type { Engine, TenantEngine } from "./port.ts";
import { refresh } from "./refresh.ts";
import { revoke } from "./revoke.ts";
import type { TenantWorld } from "./world.ts";

/** The engine of these tenants. */
export function createEngine(worlds: Iterable<TenantWorld>): Engine {
  const engines = new Map<string, TenantEngine>();
  for (const world of worlds) engines.set(world.tenant.id, createTenantEngine(world));
  return { forTenant: (id) => engines.get(id) };
}

function createTenantEngine(world: TenantWorld): TenantEngine {
  return {
    tenant: world.tenant,
    grantTypes: [...world.grants.keys()],
    jwks: () => world.keyring.jwks(world.clock.now()),
    mint: (credentials, request) => refusingClearly(world, "mint", () => mint(world, credentials, request)),
    refresh: (credentials, request) => refusingClearly(world, "refresh", () => refresh(world, credentials, request)),
    introspect: (credentials, request) =>
      refusingClearly(world, "introspect", () => introspect(world, credentials, request)),
    revoke: (credentials, request) => refusingClearly(world, "revoke", () => revoke(world, credentials, request)),
  };
}

/** Lets nothing out but an OAuthError, and tells the log what the caller is not told. */
async function refusingClearly<T>(world: TenantWorld, operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const refusal = toOAuthError(error);
    const fields = { tenant: world.tenant.id, operation, err: refusal.cause };
    if (refusal.code === "server_error") world.logger.error(fields, "an operation failed");
    else if (refusal.cause !== undefined) world.logger.warn(fields, "an operation could not be done now");
    throw refusal;
  }
}
