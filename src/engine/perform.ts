import type { Registry } from "../registry/registry.ts";
import { authenticate } from "./clients/authenticate.ts";
import { assertMay, authenticateOperator, type OperatorContext } from "./clients/operator.ts";
import type { RequestContext, TenantHandle, TenantParts } from "./context.ts";
import { NO_SUCH_TENANT, OAuthError } from "./errors.ts";
import type { Limiter } from "./limits/limiter.ts";
import { type Operations, operations } from "./operations/index.ts";
import type { Callers, Operation } from "./operations/operation.ts";
import { type Performing, performed } from "./performed.ts";
import type { Caller } from "./request.ts";

/** The name of an operation, as the port, events and log lines use it. */
export type OperationName = keyof Operations;

/** The requests of all operations; undefined for one that needs none. */
type Requests = {
  readonly [Name in OperationName]: Parameters<Operations[Name]["run"]> extends readonly [
    unknown,
    unknown,
    infer Request,
  ]
    ? Request
    : undefined;
};

/** The request of an operation. */
export type RequestOf<Name extends OperationName> = Requests[Name];

/** What an operation answers. */
export type AnswerOf<Name extends OperationName> = Awaited<ReturnType<Operations[Name]["run"]>>["answer"];

/** What `perform` needs besides a tenant. */
export interface PerformDependencies extends Performing {
  /** The current tenants, and where the operators of all are. */
  readonly registry: Pick<Registry, "tenant" | "instance" | "assertFresh">;
  /** Asked in turn, once it is known who calls and before anything is done. */
  readonly limiters: readonly Limiter[];
  readonly authenticators: Authenticators;
}

/** What finds out who calls, for each kind of caller. Throws OAuthError if that is not proven. */
export type Authenticators = {
  readonly [By in keyof Callers]: (caller: Caller, context: AuthenticationContexts[By]) => Promise<Callers[By]>;
};

/** What finding out who calls needs. */
type AuthenticationContexts = {
  readonly [By in keyof Callers]: By extends "operator" ? OperatorContext : Omit<RequestContext, "reading">;
};

/** Those of the doors: by the caller's credentials. */
export const byCredentials: Authenticators = {
  client: (caller, context) => authenticate(caller, context, "other"),
  "refreshing client": (caller, context) => authenticate(caller, context, "refresh"),
  operator: authenticateOperator,
};

/** The table, with types that the compiler can follow through a look-up by name. */
const table: {
  readonly [Name in OperationName]: Operation<Operations[Name]["by"], RequestOf<Name>, AnswerOf<Name>>;
} = operations;

/**
 * Performs one operation of a tenant: opens the tenant unless it is open, asks the registry for it once, reads the clock
 * once, authenticates the caller, asks the limiters, and runs the operation.
 *
 * Throws OAuthError and nothing else.
 */
export function perform<Name extends OperationName>(
  name: Name,
  handle: TenantHandle,
  caller: Caller,
  request: RequestOf<Name>,
  dependencies: PerformDependencies,
): Promise<AnswerOf<Name>> {
  const { registry, limiters, authenticators } = dependencies;
  const operation = table[name];
  const what = {
    operation: name,
    tenant: handle.id,
    caller,
    ...(operation.retried && { retried: () => noteRetry(operation, handle, request) }),
  };
  return performed(what, dependencies, async ({ emit, note }) => {
    // Here rather than at assembly: a snapshot may have replaced the tenant, or removed it, since the last request.
    registry.assertFresh();
    const parts = handle.use() ?? (await handle.ready());
    const tenant = registry.tenant(handle.id);
    if (parts === undefined || tenant === undefined) throw new OAuthError("invalid_request", NO_SUCH_TENANT);
    // Before anything is awaited or looked up: what is issued must not seem later than a revocation that it missed.
    const reading = operation.issues ? await parts.issuingClock.read() : readOnce(parts);
    const context = { ...parts, tenant, store: parts.storeFor(emit), reading, caller, emit, note };
    const by = await authenticators[operation.by](caller, context);
    note("client" in by ? { client: by.client.id } : { operator: by.id });
    if (!("client" in by)) assertMay(by, operation.roles, undefined);
    const { client, hasProof } = "client" in by ? by : { client: undefined, hasProof: true };
    for (const limit of limiters) limit({ operation: name, tenant, caller, client, hasProof });
    return operation.run(context, by, request);
  });
}

/** Nothing is left for a retry to go on with if the tenant is closed. */
function noteRetry<Name extends OperationName>(
  { retried }: (typeof table)[Name],
  handle: TenantHandle,
  request: RequestOf<Name>,
): void {
  const parts = handle.use();
  if (parts !== undefined) retried?.(parts, request);
}

function readOnce({ clock }: TenantParts) {
  const now = clock.now();
  return { now, issuedAt: now };
}
