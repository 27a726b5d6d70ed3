import { clientAuthenticationMethods } from "./clients/index.ts";
import type { TenantParts } from "./context.ts";
import { toOAuthError } from "./errors.ts";
import { operations } from "./operations/index.ts";
import { wireName } from "./parameters.ts";
import { type OperationName, type PerformDependencies, perform, type RequestOf } from "./perform.ts";
import type { Engine, PerformedOperations, TenantEngine } from "./port.ts";
import type { Caller } from "./request.ts";

/**
 * The engine for these tenants, to which others may be added later. Each call looks the tenant up in the registry again,
 * so a new snapshot counts at once.
 */
export function createEngine(all: ReadonlyMap<string, TenantParts>, dependencies: PerformDependencies): Engine {
  const lasting = new WeakMap<TenantParts, Omit<TenantEngine, "tenant">>();
  return {
    forTenant(id) {
      const [tenant, parts] = [dependencies.registry.tenant(id), all.get(id)];
      if (tenant === undefined || parts === undefined) return undefined;
      const engine = lasting.get(parts) ?? lastingPart(parts, dependencies);
      lasting.set(parts, engine);
      return { ...engine, tenant };
    },
  };
}

/** What does not depend on the tenant's configuration, and so is built once. */
function lastingPart(parts: TenantParts, dependencies: PerformDependencies): Omit<TenantEngine, "tenant"> {
  return {
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
