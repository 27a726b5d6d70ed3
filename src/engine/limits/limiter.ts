import type { Client, Tenant } from "../../registry/tenant.ts";
import type { Caller } from "../request.ts";

/** What a limit can depend on. */
export interface LimitedOperation {
  /** Its name in the table of operations. */
  readonly operation: string;
  readonly tenant: Tenant;
  readonly caller: Caller;
  /** The client that was authenticated; absent if an operator was. */
  readonly client?: Client | undefined;
  /** Whether whoever calls has proven who it is: false for a public client, whose name anybody may use. */
  readonly hasProof: boolean;
}

/** Counts an operation that is about to run. Throws OAuthError if it must not, as there have been too many. */
export type Limiter = (operation: LimitedOperation) => void;
