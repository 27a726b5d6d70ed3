import { once } from "../base/once.ts";
import { clientAuthenticationOf } from "./clients/index.ts";
import type { InstanceParts, TenantHandle } from "./context.ts";
import { NO_SUCH_TENANT, OAuthError, toOAuthError } from "./errors.ts";
import { instanceOperations, operations } from "./operations/index.ts";
import { wireName } from "./parameters.ts";
import { type OperationName, type PerformDependencies, perform, type RequestOf } from "./perform.ts";
import { type InstanceOperationName, type InstanceRequestOf, performInstance } from "./perform-instance.ts";
import type { Engine, InstanceEngine, PerformedOperations, TenantEngine } from "./port.ts";
import type { Caller } from "./request.ts";

/**
 * The engine of all tenants in the registry. Each call looks the tenant up there again, so a new snapshot counts at once.
 * `handleOf`: returns the one and only handle of a tenant.
 */
export function createEngine(
  handleOf: (id: string) => TenantHandle,
  instance: InstanceParts,
  dependencies: PerformDependencies,
): Engine {
  /** By the tenant as it is configured: a new snapshot brings new ones. */
  const engines = new WeakMap<TenantEngine["tenant"], TenantEngine>();
  return {
    forTenant(id) {
      const tenant = dependencies.registry.tenant(id);
      if (tenant === undefined) return unknown(dependencies);
      const known = engines.get(tenant);
      if (known !== undefined) return known;
      const engine = engineOf(tenant, handleOf(id), dependencies);
      engines.set(tenant, engine);
      return engine;
    },
    instance: instanceEngine(instance, dependencies),
  };
}

/** A tenant may have been registered since this node last could read. */
function unknown({ registry }: PerformDependencies): undefined {
  try {
    registry.assertFresh();
  } catch (error) {
    throw toOAuthError(error);
  }
}

/** Binds every operation of the mint as a whole. */
function instanceEngine(parts: InstanceParts, dependencies: PerformDependencies): InstanceEngine {
  const names = Object.keys(instanceOperations) as InstanceOperationName[];
  const entries = names.map((name) => [
    name,
    (caller: Caller, request: InstanceRequestOf<InstanceOperationName>) =>
      performInstance(name, parts, caller, request, dependencies),
  ]);
  return Object.fromEntries(entries) as InstanceEngine;
}

function engineOf(
  tenant: TenantEngine["tenant"],
  handle: TenantHandle,
  dependencies: PerformDependencies,
): TenantEngine {
  return {
    tenant,
    grantParameters: new Map(
      Array.from(handle.grants, ([name, { parameters }]) => [name, [...parameters].map(wireName)]),
    ),
    refreshableGrants: new Set(
      handle.grants.values().flatMap(({ grantType, refreshable }) => (refreshable ? [grantType] : [])),
    ),
    // Found once for each state of a tenant: it may have very many clients.
    clientAuthentication: once(() => clientAuthenticationOf(tenant)),
    jwks: () => publishedKeys(handle),
    ...performed(handle, dependencies),
  };
}

/** Binds every operation of the table to one tenant. */
function performed(handle: TenantHandle, dependencies: PerformDependencies): PerformedOperations {
  const names = Object.keys(operations) as OperationName[];
  const entries = names.map((name) => [
    name,
    (caller: Caller, request: RequestOf<OperationName>) => perform(name, handle, caller, request, dependencies),
  ]);
  return Object.fromEntries(entries) as PerformedOperations;
}

/** Not an operation: anyone may read the published keys, so nothing is authenticated. A door tells of a refusal. */
async function publishedKeys(handle: TenantHandle): ReturnType<TenantEngine["jwks"]> {
  try {
    const parts = handle.use() ?? (await handle.ready());
    if (parts === undefined) throw new OAuthError("invalid_request", NO_SUCH_TENANT);
    const { keyring, clock } = parts;
    return keyring.jwks(clock.now());
  } catch (error) {
    throw toOAuthError(error);
  }
}
