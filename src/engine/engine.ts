import { clientAuthenticationMethods } from "./clients/index.ts";
import type { InstanceParts, TenantParts } from "./context.ts";
import { toOAuthError } from "./errors.ts";
import { instanceOperations, operations } from "./operations/index.ts";
import { wireName } from "./parameters.ts";
import { type OperationName, type PerformDependencies, perform, type RequestOf } from "./perform.ts";
import { type InstanceOperationName, type InstanceRequestOf, performInstance } from "./perform-instance.ts";
import type { Engine, InstanceEngine, PerformedOperations, TenantEngine } from "./port.ts";
import type { Caller } from "./request.ts";

/**
 * The engine for these tenants, to which others may be added later. Each call looks the tenant up in the registry again,
 * so a new snapshot counts at once.
 */
export function createEngine(
  all: ReadonlyMap<string, TenantParts>,
  instance: InstanceParts,
  dependencies: PerformDependencies,
): Engine {
  /** By the tenant as it is configured: a new snapshot brings new ones. */
  const engines = new WeakMap<TenantEngine["tenant"], TenantEngine>();
  return {
    forTenant(id) {
      const [tenant, parts] = [dependencies.registry.tenant(id), all.get(id)];
      if (tenant === undefined || parts === undefined) return undefined;
      const engine = engines.get(tenant) ?? engineOf(tenant, parts, dependencies);
      engines.set(tenant, engine);
      return engine;
    },
    instance: instanceEngine(instance, dependencies),
  };
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

function engineOf(tenant: TenantEngine["tenant"], parts: TenantParts, dependencies: PerformDependencies): TenantEngine {
  return {
    tenant,
    grantParameters: new Map(
      Array.from(parts.grants, ([name, { parameters }]) => [name, [...parameters].map(wireName)]),
    ),
    clientAuthenticationMethods: clientAuthenticationMethods.flatMap(({ names }) => names),
    jwks: () => publishedKeys(parts),
    ...performed(parts, dependencies),
  };
}

/** Binds every operation of the table to one tenant. */
function performed(parts: TenantParts, dependencies: PerformDependencies): PerformedOperations {
  const names = Object.keys(operations) as OperationName[];
  const entries = names.map((name) => [
    name,
    (caller: Caller, request: RequestOf<OperationName>) => perform(name, parts, caller, request, dependencies),
  ]);
  return Object.fromEntries(entries) as PerformedOperations;
}

/** Not an operation: anyone may read the published keys, so nothing is authenticated. A door tells of a refusal. */
function publishedKeys({ keyring, clock }: TenantParts): ReturnType<TenantEngine["jwks"]> {
  try {
    return keyring.jwks(clock.now());
  } catch (error) {
    throw toOAuthError(error);
  }
}
