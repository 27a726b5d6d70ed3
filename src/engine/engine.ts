import { clientAuthenticationMethods } from "./clients/index.ts";
import type { TenantContext } from "./context.ts";
import { toOAuthError } from "./errors.ts";
import { operations } from "./operations/index.ts";
import { wireName } from "./parameters.ts";
import { type OperationName, type PerformDependencies, perform, type RequestOf } from "./perform.ts";
import type { Engine, PerformedOperations, TenantEngine } from "./port.ts";
import type { Caller } from "./request.ts";

/** The engine of these tenants. */
export function createEngine(contexts: Iterable<TenantContext>, dependencies: PerformDependencies): Engine {
  const engines = new Map<string, TenantEngine>();
  for (const context of contexts) engines.set(context.tenant.id, createTenantEngine(context, dependencies));
  return { forTenant: (id) => engines.get(id) };
}

function createTenantEngine(context: TenantContext, dependencies: PerformDependencies): TenantEngine {
  const performed =
    (name: OperationName) =>
    (caller: Caller, ...request: RequestOf<OperationName>) =>
      perform(name, context, { caller }, request, dependencies);
  const names = Object.keys(operations) as OperationName[];
  return {
    tenant: context.tenant,
    grantParameters: new Map(
      Array.from(context.grants, ([name, { parameters }]) => [name, [...parameters].map(wireName)]),
    ),
    clientAuthenticationMethods: clientAuthenticationMethods.flatMap(({ names }) => names),
    jwks: () => publishedKeys(context),
    ...(Object.fromEntries(names.map((name) => [name, performed(name)])) as unknown as PerformedOperations),
  };
}

function publishedKeys({ keyring, clock, logger, tenant }: TenantContext): ReturnType<TenantEngine["jwks"]> {
  try {
    return keyring.jwks(clock.now());
  } catch (error) {
    const refusal = toOAuthError(error);
    logger.warn({ operation: "jwks", tenant: tenant.id, err: refusal.cause }, "the keys could not be published now");
    throw refusal;
  }
}
