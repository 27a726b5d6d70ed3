import type { Tenant } from "../registry/tenant.ts";
import type { Caller } from "./request.ts";

/** What a limit can depend on. */
export interface LimitedOperation {
  /** Its name in the table of operations. */
  readonly operation: string;
  readonly tenant: Tenant;
  readonly caller: Caller;
  /** The client that was authenticated, or the operator, by its id. */
  readonly client?: string | undefined;
  readonly operator?: string | undefined;
}

/** Counts an operation that is about to run. Throws OAuthError if it must not, as there have been too many. */
export type Limiter = (operation: LimitedOperation) => Promise<void>;
