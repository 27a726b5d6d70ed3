import type { TenantContext } from "./context.ts";
import { type OAuthError, toOAuthError } from "./errors.ts";
import { introspect } from "./operations/introspect.ts";
import { listKeys, revokeClient, rotate } from "./operations/keys.ts";
import { mint } from "./operations/mint.ts";
import { refresh } from "./operations/refresh.ts";
import { revoke } from "./operations/revoke.ts";
import { wireName } from "./parameters.ts";
import type { Engine, TenantEngine } from "./port.ts";

/** The engine of these tenants. */
export function createEngine(contexts: Iterable<TenantContext>): Engine {
  const engines = new Map<string, TenantEngine>();
  for (const context of contexts) engines.set(context.tenant.id, createTenantEngine(context));
  return { forTenant: (id) => engines.get(id) };
}

function createTenantEngine(context: TenantContext): TenantEngine {
  return {
    tenant: context.tenant,
    grantParameters: new Map(
      Array.from(context.grants, ([name, { parameters }]) => [name, [...parameters].map(wireName)]),
    ),
    jwks: () => publishedKeys(context),
    mint: (caller, request) => refusingClearly(context, "mint", () => mint(context, caller, request)),
    refresh: (caller, request) => refusingClearly(context, "refresh", () => refresh(context, caller, request)),
    introspect: (caller, request) => refusingClearly(context, "introspect", () => introspect(context, caller, request)),
    rotate: (caller, request) => refusingClearly(context, "rotate", () => rotate(context, caller, request)),
    revokeClient: (caller, request) =>
      refusingClearly(context, "revokeClient", () => revokeClient(context, caller, request)),
    listKeys: (caller) => refusingClearly(context, "listKeys", () => listKeys(context, caller)),
    revoke: (caller, request) => refusingClearly(context, "revoke", () => revoke(context, caller, request)),
  };
}

function publishedKeys(context: TenantContext): ReturnType<TenantEngine["jwks"]> {
  try {
    return context.keyring.jwks(context.clock.now());
  } catch (error) {
    throw refusalOf(context, "jwks", error);
  }
}

/** Lets nothing out but an OAuthError. */
async function refusingClearly<T>(context: TenantContext, operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw refusalOf(context, operation, error);
  }
}

/** What the caller is told; the log is told the rest. */
function refusalOf(context: TenantContext, operation: string, error: unknown): OAuthError {
  const refusal = toOAuthError(error);
  const fields = { tenant: context.tenant.id, operation, err: refusal.cause };
  if (refusal.code === "server_error") context.logger.error(fields, "an operation failed");
  else if (refusal.cause !== undefined) context.logger.warn(fields, "an operation could not be done now");
  return refusal;
}
