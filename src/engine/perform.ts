import type { Registry } from "../registry/registry.ts";
import type { Operator } from "../registry/tenant.ts";
import type { Listener, Performed, Reason, Refused } from "../telemetry/events.ts";
import { type AuthenticatedClient, authenticate } from "./clients/authenticate.ts";
import { authenticateOperator } from "./clients/operator.ts";
import type { RequestContext, TenantContext, TenantParts } from "./context.ts";
import { OAuthError, toOAuthError } from "./errors.ts";
import { type Operations, operations } from "./operations/index.ts";
import type { Done } from "./operations/operation.ts";
import type { Caller } from "./request.ts";

/** The name of an operation, as the port, events and log lines use it. */
export type OperationName = keyof Operations;

/** The arguments of an operation after the caller: none, or one request. */
export type RequestOf<Name extends OperationName> =
  Parameters<Operations[Name]["run"]> extends readonly [unknown, unknown, infer Request] ? [request: Request] : [];

/** What an operation answers. */
export type AnswerOf<Name extends OperationName> = Awaited<ReturnType<Operations[Name]["run"]>>["answer"];

/** What `perform` needs besides a tenant's parts. */
export interface PerformDependencies {
  /** The current tenants. */
  readonly registry: Pick<Registry, "tenant">;
  /** Receives the event of every operation. */
  readonly listener: Listener;
  /** A monotonic reading in milliseconds, to measure durations: the clock may be set in between. */
  readonly elapsed: () => number;
}

/**
 * An entry of the table, without the types that tie its parts together: the compiler cannot follow them through a
 * look-up by name.
 */
interface AnyOperation {
  readonly by: Operations[OperationName]["by"];
  readonly issues: boolean;
  run(context: RequestContext, by: never, request: never): Promise<Done<unknown>>;
  retried?(parts: TenantParts, request: never): void;
}

/**
 * Performs one operation of a tenant: asks the registry for the tenant once, reads the clock once, authenticates the
 * caller, runs the operation, and maps whatever it throws to an OAuthError. Exactly one event reports the outcome.
 * `operator` names a caller that is already known, and never comes from a door.
 *
 * Throws OAuthError and nothing else.
 */
export async function perform<Name extends OperationName>(
  name: Name,
  parts: TenantParts,
  { caller, operator }: { readonly caller: Caller; readonly operator?: string | undefined },
  [request]: readonly [unknown?],
  { registry, listener, elapsed }: PerformDependencies,
): Promise<AnswerOf<Name>> {
  const operation: AnyOperation = operations[name];
  const begun = elapsed();
  let who: { readonly client?: string; readonly operator?: string } = {};

  function emit(how: Performed | (Refused & Reason)): void {
    const { requestId, remoteAddress } = caller;
    const circumstances = { operation: name, tenant: parts.id, requestId, remoteAddress, ...who };
    listener({ ...circumstances, ...how, duration: Math.round((elapsed() - begun) * 1000) / 1000 });
  }

  try {
    // Here rather than at assembly: a snapshot may have replaced the tenant, or removed it, since the last request.
    const tenant = registry.tenant(parts.id);
    if (tenant === undefined) throw new OAuthError("invalid_request", "There is no such tenant.");
    const context = { ...parts, tenant };
    // Before anything is awaited or looked up: what is issued must not seem later than a revocation that it missed.
    const reading = operation.issues ? await context.issuingClock.read() : readOnce(context);
    const by =
      operator === undefined ? await authenticated(operation.by, context, caller) : { id: operator, secrets: [] };
    who = "client" in by ? { client: by.client.id } : { operator: by.id };
    const { answer, event } = await operation.run({ ...context, reading }, by as never, request as never);
    emit(event);
    return answer as AnswerOf<Name>;
  } catch (error) {
    const refusal = toOAuthError(error);
    const { code, reason, cause } = refusal;
    if (code === "temporarily_unavailable") operation.retried?.(parts, request as never);
    emit({ ...refusal.event, code, reason, cause });
    throw refusal;
  }
}

function readOnce({ clock }: TenantContext) {
  const now = clock.now();
  return { now, issuedAt: now };
}

function authenticated(
  by: AnyOperation["by"],
  context: TenantContext,
  caller: Caller,
): Promise<AuthenticatedClient | Operator> {
  if (by === "operator") return authenticateOperator(caller, context);
  return authenticate(caller, context, by === "refreshing client" ? "refresh" : "other");
}
