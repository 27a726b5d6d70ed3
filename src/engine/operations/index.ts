import type { Operation } from "../operation.ts";
import { introspect } from "./introspect.ts";
import { listKeys, revokeClient, rotate } from "./keys.ts";
import { mint } from "./mint.ts";
import { refresh, reopen } from "./refresh.ts";
import { revoke } from "./revoke.ts";

/** Everything that a tenant can be asked for. The engine's port is made of this table: an operation is one entry. */
export const operations = {
  /** Mints tokens by an extension grant (RFC 6749 section 4.5). */
  mint: { by: "client", issues: true, run: mint },
  /** Exchanges a refresh token for new tokens (RFC 6749 section 6). */
  refresh: { by: "refreshing client", issues: true, run: refresh, retried: reopen },
  /** Tells whether a token is alive, and what it says (RFC 7662). */
  introspect: { by: "client", issues: false, run: introspect },
  /** Ends a token, a grant, or all that a subject has (RFC 7009). */
  revoke: { by: "client", issues: false, run: revoke },
  /** Makes the next key, or says what that would do. */
  rotate: { by: "operator", issues: false, run: rotate },
  /** Every generation of the tenant's keys: signing first, oldest first. */
  listKeys: { by: "operator", issues: false, run: listKeys },
  /** Ends all that a client minted up to now. */
  revokeClient: { by: "operator", issues: false, run: revokeClient },
} satisfies Record<
  string,
  | Operation<"client", never, unknown>
  | Operation<"refreshing client", never, unknown>
  | Operation<"operator", never, unknown>
>;

/** The table, for the types that are derived from it. */
export type Operations = typeof operations;
