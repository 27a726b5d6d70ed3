import type { Operator } from "../registry/tenant.ts";
import type { Performed } from "../telemetry/events.ts";
import type { AuthenticatedClient } from "./clients/authenticate.ts";
import type { RequestContext, TenantParts } from "./context.ts";

/** Who may ask, and how they prove who they are. */
interface Callers {
  readonly client: AuthenticatedClient;
  /** A client that may need no secret though it needs one elsewhere. */
  readonly "refreshing client": AuthenticatedClient;
  readonly operator: Operator;
}

/** What an operation has done, and how that is told to those who hear of events. */
export interface Done<Answer> {
  readonly answer: Answer;
  readonly event: Performed;
}

/** Something that a tenant is asked for: what it needs, and what it does. */
export interface Operation<By extends keyof Callers, Request, Answer> {
  readonly by: By;
  /** Whether what it makes bears the moment: then that must be one that the store knows of. */
  readonly issues: boolean;
  /** Does it. Throws OAuthError, or what `toOAuthError` makes one of; logs and counts nothing. */
  run(context: RequestContext, by: Callers[By], request: Request): Promise<Done<Answer>>;
  /** What is to be done if the caller is asked to try again, whatever the reason. */
  retried?(parts: TenantParts, request: Request): void;
}
