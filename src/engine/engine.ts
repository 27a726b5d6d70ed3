import type { TenantWorld } from "./context.ts";
import { type OAuthError, toOAuthError } from "./errors.ts";
import { introspect } from "./operations/introspect.ts";
import { listKeys, revokeClient, rotate } from "./operations/keys.ts";
import { mint } from "./operations/mint.ts";
import { refresh } from "./operations/refresh.ts";
import { revoke } from "./operations/revoke.ts";
import { wireName } from "./parameters.ts";
import type { Engine, TenantEngine } from "./port.ts";

/** The engine of these tenants. */
export function createEngine(worlds: Iterable<TenantWorld>): Engine {
  const engines = new Map<string, TenantEngine>();
  for (const world of worlds) engines.set(world.tenant.id, createTenantEngine(world));
  return { forTenant: (id) => engines.get(id) };
}

function createTenantEngine(world: TenantWorld): TenantEngine {
  return {
    tenant: world.tenant,
    grantParameters: new Map(
      Array.from(world.grants, ([name, { parameters }]) => [name, [...parameters].map(wireName)]),
    ),
    jwks: () => publishedKeys(world),
    mint: (credentials, request) => refusingClearly(world, "mint", () => mint(world, credentials, request)),
    refresh: (credentials, request) => refusingClearly(world, "refresh", () => refresh(world, credentials, request)),
    introspect: (credentials, request) =>
      refusingClearly(world, "introspect", () => introspect(world, credentials, request)),
    rotate: (credentials, request) => refusingClearly(world, "rotate", () => rotate(world, credentials, request)),
    revokeClient: (credentials, request) =>
      refusingClearly(world, "revokeClient", () => revokeClient(world, credentials, request)),
    listKeys: (credentials) => refusingClearly(world, "listKeys", () => listKeys(world, credentials)),
    revoke: (credentials, request) => refusingClearly(world, "revoke", () => revoke(world, credentials, request)),
  };
}

function publishedKeys(world: TenantWorld): ReturnType<TenantEngine["jwks"]> {
  try {
    return world.keyring.jwks(world.clock.now());
  } catch (error) {
    throw refusalOf(world, "jwks", error);
  }
}

/** Lets nothing out but an OAuthError. */
async function refusingClearly<T>(world: TenantWorld, operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw refusalOf(world, operation, error);
  }
}

/** What the caller is told; the log is told the rest. */
function refusalOf(world: TenantWorld, operation: string, error: unknown): OAuthError {
  const refusal = toOAuthError(error);
  const fields = { tenant: world.tenant.id, operation, err: refusal.cause };
  if (refusal.code === "server_error") world.logger.error(fields, "an operation failed");
  else if (refusal.cause !== undefined) world.logger.warn(fields, "an operation could not be done now");
  return refusal;
}
