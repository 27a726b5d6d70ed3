import type { Performed } from "./performed.ts";

/** The kinds of refusals. */
export type Refused =
  | { readonly event: "refused" }
  /** The caller did not prove to be a client. `client`: the one that it named, if it is configured. */
  | { readonly event: "client_refused"; readonly client?: string | undefined }
  | { readonly event: "operator_refused"; readonly operator?: string | undefined }
  /**
   * There were too many requests. `limit`: the name of the one that was exceeded. `client` and `operator`: the one that
   * was named, if it is configured, even if it did not prove who it is.
   */
  | {
      readonly event: "rate_limited";
      readonly limit: string;
      readonly client?: string | undefined;
      readonly operator?: string | undefined;
    }
  /** The node has no room for the request. `bound`: the one that was reached, by its name in the configuration. */
  | { readonly event: "overloaded"; readonly bound: string }
  /** A refresh token was used again outside the grace: its grant is revoked (RFC 9700 section 4.14.2). */
  | { readonly event: "refresh_reused"; readonly family: string };

/** The contents of a refusal: its OAuth2 code and message, and the cause, which is not sent. */
export interface Reason {
  readonly code: string;
  readonly reason: string;
  readonly cause: unknown;
}

/** Why a token or a grant is worth nothing to its caller, who is never told. */
export type Because =
  | "not a token of this tenant"
  | "not this client's business"
  | "exchanged for its successor"
  | "expired"
  | "ahead of the clock"
  | "client disabled or unknown"
  | "clock behind its revocations"
  | "grant revoked or unknown"
  | "revoked"
  | "bound to another key"
  | "not about a subject of this tenant"
  | "somebody acts for it already"
  | "may_act names another"
  | `client_assertion: ${AssertionFlaw}`;

/** Why an assertion does not prove who a client is, of which its sender learns only that it does not. */
export type AssertionFlaw =
  | "too long"
  | "malformed"
  | "algorithm not accepted"
  | "critical extensions"
  | "another kind of token"
  | "client unknown"
  | "client has no keys"
  | "names another client"
  | "not a SPIFFE ID"
  | "another issuer"
  | "another audience"
  | "no exp"
  | "expired"
  | "lives too long"
  | "not valid yet"
  | "no jti"
  | "key unknown"
  | "signature wrong"
  | "used before";

/** What tokens a request is given by its grant and its client's policy, and where that comes from. */
export interface Decided {
  readonly accessTokenType: "jwt" | "reference";
  readonly accessTokenTypeFrom: "request" | "client" | "grant";
  /** In seconds. */
  readonly accessTokenLifetime: number;
  /** `latest expiry`: what the tokens are based on ends then. */
  readonly accessTokenLifetimeFrom: "request" | "client" | "grant" | "latest expiry";
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly scopes: readonly string[];
  /** The names of the claims that the client's registration adds. */
  readonly fixedClaims: readonly string[];
  readonly refreshable: boolean;
}

/** What an operation learns on its way. The event of its end has it, whatever the outcome. */
export interface Known {
  /** Which tenant it is about, if it is the mint's as a whole. */
  readonly tenant?: string | undefined;
  /** The authenticated client, if any. */
  readonly client?: string | undefined;
  readonly operator?: string | undefined;
  /** How the client authenticates: a method's name in the metadata, or `none`. Undefined: that could not be read. */
  readonly authentication?: string | undefined;
  /** The grant that was asked for, if there is one of that name. */
  readonly grantType?: string | undefined;
  /** The token or the grant that the request is about, if it is genuine. */
  readonly jti?: string | undefined;
  readonly family?: string | undefined;
  /** Why that token or grant is not active, if it was looked at. */
  readonly because?: Because | undefined;
  readonly decided?: Decided | undefined;
  /** Whom that token or grant is for, or who is revoked. For the audit alone: no log line may have it. */
  readonly subject?: string | undefined;
  /** Who acts for the subject. For the audit alone, too. */
  readonly actor?: string | undefined;
  /** What was done although the request is refused, as it could not be recorded. */
  readonly unanswered?: Performed["event"] | undefined;
}

/** The request that an event is about. */
export interface Circumstances {
  /** Undefined if the request was refused before that was known, as is the tenant. */
  readonly operation: string | undefined;
  readonly tenant: string | undefined;
  readonly requestId: string | undefined;
  /** Of the trace that the request is part of, as its `traceparent` says. */
  readonly traceId?: string | undefined;
  readonly remoteAddress: string | undefined;
}

/** How one request ended: there is exactly one such event for each. */
export type Ending = Circumstances &
  Known & {
    /** Milliseconds; undefined if no operation began. */
    readonly duration?: number | undefined;
  } & (Performed | (Refused & Reason));

/** Refusals that are counted rather than told one by one, for one client or operator; undefined: for unknown ones. */
export interface CountedRefusal {
  readonly event: "client_secrets_refused" | "operator_secrets_refused" | "secrets_queue_full";
  readonly tenant: string;
  readonly client?: string | undefined;
  readonly operator?: string | undefined;
}

/** What is read again: the whole configuration, or the certificate and its key alone. */
export type ReloadScope = "configuration" | "certificate";

/** What is worth telling besides how requests end, whether a request causes it or not. */
export type Notice =
  /** `due`: why the schedule asked for it. */
  | {
      readonly event: "key_made";
      readonly tenant: string;
      readonly use: string;
      readonly generation: number | undefined;
      readonly due: string;
    }
  | {
      readonly event: "key_compromised";
      readonly tenant: string;
      readonly use: string;
      readonly generation: number;
      readonly kid: string | undefined;
    }
  /** Keys of an earlier version. `oldRowsUntil`: until when rows without a MAC are accepted, in ISO 8601. */
  | {
      readonly event: "keys_resealed";
      readonly tenant: string;
      readonly resealed: number;
      readonly oldRowsUntil: string;
    }
  /**
   * A tenant or a client that operators registered is not used as it is written. `isKept`: whether it is used as it was
   * before; `problems`: why, one line each, and no value.
   */
  | {
      readonly event: "registration_unusable";
      readonly kind: "tenant" | "client";
      readonly tenant: string;
      readonly id: string;
      readonly isKept: boolean;
      readonly problems: readonly string[];
    }
  /** A tenant was deleted so long ago that none of its tokens can be alive: now its keys have gone, too. */
  | { readonly event: "tenant_purged"; readonly tenant: string }
  /** The keys of a tenant do not open, so it mints nothing. `problem`: which key, and why. */
  | { readonly event: "keys_unusable"; readonly tenant: string; readonly problem: string }
  /** `count`: how many rows this mint did not write, or somebody changed, since that was last told. */
  | { readonly event: "rows_not_genuine"; readonly tenant: string; readonly count: number }
  | {
      readonly event: "large_token";
      readonly tenant: string;
      readonly client: string;
      readonly kind: string;
      readonly bytes: number;
    }
  | {
      readonly event: "store_shared";
      readonly role: string;
      /** The other process; a log line's `pid` is this one. */
      readonly otherPid: number;
      readonly advice: string;
    }
  /**
   * A configuration that was read again counts from now on. Names places such as `tenants.acme.clients.web.scopes`, and no
   * value. `trigger`: a signal, or `change` of a file; `scope`: what was read.
   */
  | {
      readonly event: "configuration_reloaded";
      readonly trigger: string;
      readonly scope: ReloadScope;
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly changed: readonly string[];
    }
  /** Settings that were changed, but count only after a restart. */
  | { readonly event: "restart_required"; readonly settings: readonly string[] }
  /** A configuration that was read again cannot be used: the one before it stays. */
  | {
      readonly event: "reload_refused";
      readonly trigger: string;
      readonly scope: ReloadScope;
      readonly problems: readonly string[];
    }
  /** The clock is `lag` milliseconds behind the newest token, and the start waits until it has caught up. */
  | { readonly event: "clock_awaited"; readonly lag: number }
  /** This process's clock is `lag` milliseconds behind another's, or is no longer. */
  | { readonly event: "clock_behind" | "clock_caught_up"; readonly lag: number }
  | { readonly event: "authority_unavailable"; readonly issuer: string; readonly reason: string }
  | (CountedRefusal & { readonly count: number; readonly lastAddress: string | undefined });

/** All that is ever told. What is noticed within a request says in which. */
export type Event = Ending | (Notice & Partial<Circumstances>);

/** Receives every event, such as the log does. It must not block. */
export type Listener = (event: Event) => void;

/** Keeps a record of how operations end, for which their answers wait. Both throw UnavailableError if it cannot. */
export interface Recorder {
  /** Resolves if something can be recorded now. Asked before anything is done. */
  ready(): Promise<void>;
  /** Resolves once the ending is recorded. Asked before the answer is given, and before listeners hear of it. */
  record(ending: Ending): Promise<void>;
}

/** Tells what was noticed. */
export type Emit = (notice: Notice) => void;
