import type { Registry } from "../registry/registry.ts";
import type { Operator } from "../registry/tenant.ts";
import type { Listener, Performed, Reason, Refused } from "../telemetry/events.ts";
import { type AuthenticatedClient, authenticate } from "./clients/authenticate.ts";
import { authenticateOperator } from "./clients/operator.ts";
import type { RequestContext, TenantContext, TenantParts } from "./context.ts";
import { OAuthError, toOAuthError } from "./errors.ts";
import type { Done } from "./operation.ts";
import { type Operations, operations } from "./operations/index.ts";
import type { Caller } from "./request.ts";

/** The name of an operation, by which its port, its events and its log lines call it. */
export type OperationName = keyof Operations;

/** What an operation is asked with, as the rest of a call's arguments: nothing, or one request. */
export type RequestOf<Name extends OperationName> =
  Parameters<Operations[Name]["run"]> extends readonly [unknown, unknown, infer Request] ? [request: Request] : [];

/** What an operation answers. */
export type AnswerOf<Name extends OperationName> = Awaited<ReturnType<Operations[Name]["run"]>>["answer"];

/** What performing needs beside a tenant's parts. */
export interface PerformDependencies {
  /** Who the tenants are at the moment. */
  readonly registry: Pick<Registry, "tenant">;
  /** Hears how each operation ended. */
  readonly listener: Listener;
  /** Milliseconds since some moment in the past, to measure by. */
  readonly elapsed: () => number;
}

/** What the compiler cannot see of an entry of the table: that its parts belong together. */
interface AnyOperation {
  readonly by: Operations[OperationName]["by"];
  readonly issues: boolean;
  run(context: RequestContext, by: never, request: never): Promise<Done<unknown>>;
  retried?(parts: TenantParts, request: never): void;
}

/**
 * Performs one operation of a tenant: asks the registry for the tenant once, reads the clock once, finds out who calls, runs it, and makes of whatever it throws
 * an OAuthError. Exactly one event tells how it ended. `operator`: who calls, if that is known already; never from a door.
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
    const tenant = registry.tenant(parts.id);
    if (tenant === undefined) throw new OAuthError("invalid_request", "There is no such tenant.");
    const context = { ...parts, tenant };
    const reading = operation.issues ? await context.issuingClock.read() : readOnce(context);
    const by =
      operator === undefined ? await authenticated(operation.by, context, caller) : { id: operator, secrets: [] };
    who = "client" in by ? { client: by.client.id } : { operator: by.id };
    const { answer, event } = await operation.run({ ...context, reading }, by as never, request as never);
    emit(event);
    return answer as AnswerOf<Name>;
  } catch (error) {
    const refusal = toOAuthError(error);
    const { code, message: reason, cause } = refusal;
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
