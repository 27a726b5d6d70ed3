import type { Operator, OperatorRole } from "../../registry/tenant.ts";
import type { Performed } from "../../telemetry/performed.ts";
import type { AuthenticatedClient } from "../clients/authenticate.ts";
import type { InstanceContext, RequestContext, TenantParts } from "../context.ts";

/** Who may call an operation, and what proves it. */
export interface Callers {
  readonly client: AuthenticatedClient;
  /** A client whose configuration may waive the secret for refreshes (`requireRefreshSecret`). */
  readonly "refreshing client": AuthenticatedClient;
  readonly operator: Operator;
}

/** What an operation has done: its answer, and the event that reports it. */
export interface Done<Answer> {
  readonly answer: Answer;
  readonly event: Performed;
  /** Runs if the caller is told to try again instead of getting the answer, as that could not be recorded. */
  withheld?(): void;
}

/** One operation of a tenant: what it needs, and what it does. */
export interface Operation<By extends keyof Callers, Request, Answer> {
  readonly by: By;
  /** The roles of which an operator needs one; absent: no operator may call it. */
  readonly roles?: readonly OperatorRole[];
  /** Whether it issues tokens: it then runs on the issuing clock, which a store's outage can hold up. */
  readonly issues: boolean;
  /**
   * Runs it. Throws OAuthError, or anything that `toOAuthError` maps to one. Logs and counts nothing: `perform` does.
   */
  run(context: RequestContext, by: Callers[By], request: Request): Promise<Done<Answer>>;
  /** Runs if the caller is told to try again (`temporarily_unavailable`), whatever the reason. */
  retried?(parts: TenantParts, request: Request): void;
}

/** One operation of the mint as a whole. `tenant`: the one that a request is about. */
export interface InstanceOperation<Request extends { readonly tenant?: string | undefined }, Answer> {
  /** The roles of which an operator needs one. */
  readonly roles: readonly OperatorRole[];
  /** Runs it, as that of an {@link Operation}. */
  run(context: InstanceContext, by: Operator, request: Request): Promise<Done<Answer>>;
}
