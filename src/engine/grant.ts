import type { Authorities } from "../authorities/port.ts";
import type { Instant } from "../base/clock.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import type { AccessTokenType } from "../registry/tenant.ts";
import type { Ancestor } from "../token/ancestor.ts";
import type { AuthenticatedClient } from "./clients/authenticate.ts";
import type { Single } from "./first-use.ts";
import type { Problems } from "./problems.ts";
import type { MintParameter, MintRequest } from "./request.ts";

/** A way to get tokens (RFC 6749 section 4.5): one file in `src/grants/`, one line in its index. */
export interface GrantHandler {
  readonly grantType: string;
  /** The parameters that it takes; a request with any other is refused. */
  readonly parameters: ReadonlySet<MintParameter>;
  /** Whether the client must prove who it is, or may be a public one. */
  readonly clientProof: "required" | "optional";
  /** Whether what it grants can be refreshed, if `offline_access` is asked for; if not, that scope is refused. */
  readonly refreshable: boolean;
  /** The types of access token that it gives: the first to clients whose default is none of them. */
  readonly accessTokenTypes: readonly [AccessTokenType, ...AccessTokenType[]];
  /** Decides what to grant. Never signs, writes, or sees a transport. Throws OAuthError. */
  decide(request: MintRequest, context: GrantContext): Promise<Decision>;
}

/** What a grant may know of a live access token. */
interface LiveAccessToken {
  readonly claims: JsonObject;
  readonly subject: string | undefined;
}

/** A live token of this mint, as others are derived from it. */
export interface SourceToken extends LiveAccessToken {
  /** The client that it was issued to. */
  readonly clientId: string;
  readonly expiresAt: Instant;
  /** What a derived token is to die with: this one, and the tokens that it was derived from itself. */
  readonly lineage: readonly Ancestor[];
}

/** Why a presented token cannot be used although it is alive, and the client may see it. */
export type PresentedFlaw =
  | "bound to another key"
  | "not about a subject of this tenant"
  | "somebody acts for it already"
  | "may_act names another";

/** What a grant may know beside the request. */
export interface GrantContext {
  readonly client: AuthenticatedClient;
  readonly now: Instant;
  /** What is wrong with the request's parameters so far: a grant adds what it finds, then refuses. */
  readonly problems: Problems;
  /** Checks id_tokens of other issuers. */
  readonly authorities: Authorities;
  /** Notes for the log why a presented token cannot be used; undefined: it can. */
  noteFlaw(flaw: PresentedFlaw | undefined): void;
  /** Whether the caller has proven to hold all keys that the `cnf` of a token names (RFC 7800 section 3.1). */
  isProven(cnf: JsonValue | undefined): boolean;
  /** The access token of this tenant that a text is, while it is alive; undefined for any other text. */
  liveAccessToken(text: string): Promise<LiveAccessToken | undefined>;
  /**
   * The token of this tenant and of that kind that a text is, while it is alive, if the client may see it; undefined for
   * any other text. `of`: whose it is in the request, for the audit.
   */
  sourceToken(
    text: string,
    kind: "access_token" | "id_token" | "txn_token",
    of: "subject" | "actor",
  ): Promise<SourceToken | undefined>;
}

/** One value of `aud` of an access token. */
export interface Audience {
  readonly name: string;
  /** The scopes that gave it: it goes with the last of them. Absent: it stays. */
  readonly scopes?: readonly string[] | undefined;
  /** Whether the caller asked for it by name: then it stands in the id_token too. */
  readonly added?: true | undefined;
}

/** A transaction (draft-ietf-oauth-transaction-tokens-10). */
export interface Transaction {
  /** Identifies it: `txn`. Absent: it begins here. */
  readonly id?: string | undefined;
  /** What stays the same throughout: `tctx`. */
  readonly details: JsonObject;
  /** Where it came from: `rctx`. */
  readonly context: JsonObject;
}

/** What a grant decides: what the tokens say, before the client's policy has its word. Plain JSON. */
export interface Decision {
  readonly grantType: string;
  readonly issuer: string;
  readonly subject?: string | undefined;
  /** All that is granted, in the order of the `scope` claim. */
  readonly scopes: readonly string[];
  /** Whether `offline_access` is told in the `scope` claim, if it is granted. */
  readonly listsOfflineAccess: boolean;
  readonly audience: readonly Audience[];
  /** Seconds since the Unix epoch. */
  readonly authTime?: number | undefined;
  readonly idp?: string | undefined;
  readonly amr?: readonly string[] | undefined;
  /** The caller's claims, ready for the token. */
  readonly claims: JsonObject;
  /** Whether an id_token is granted. */
  readonly issuesIdToken: boolean;
  /**
   * When what the grant is based on ends, in seconds since the Unix epoch: no token of the grant lives longer, and
   * nothing refreshes it from then on. Absent: only lifetimes limit it.
   */
  readonly latestExpiry?: number | undefined;
  /** The key that a caller of an API must prove to hold: `cnf` of the access tokens (RFC 7800 section 3.1). */
  readonly confirmation?: JsonObject | undefined;
  /** Who acts for the subject: `act` of the tokens (RFC 8693 section 4.1). */
  readonly actor?: JsonObject | undefined;
  /** Who may become the actor: `may_act` of the tokens (RFC 8693 section 4.4). */
  readonly mayAct?: JsonObject | undefined;
  /** The tokens of this mint that it is derived from: whatever revokes one of them ends all tokens of the grant. */
  readonly ancestors?: readonly Ancestor[] | undefined;
  /** The only type of access token that is meant. Absent: the client's, or the one that it asks for. */
  readonly accessTokenType?: AccessTokenType | undefined;
  /** What is issued instead of an access token. Not kept: it cannot be refreshed. */
  readonly instead?: "id_token" | "txn_token" | undefined;
  /** What a transaction token says of its transaction. */
  readonly transaction?: Transaction | undefined;
  /** `issued_token_type` of the answer (RFC 8693 section 2.2.1). Not kept: an answer to a refresh has none. */
  readonly issuedTokenType?: string | undefined;
  /** What the caller proved this with, if it may be used once: it is marked as used before anything is issued. Not kept. */
  readonly single?: Single | undefined;
  /** Leaves `offline_access` out even if the caller asked for it: this one decision cannot be refreshed. */
  readonly withoutRefreshToken?: true | undefined;
}
