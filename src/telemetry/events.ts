/** How an operation ended well. Ids are those of rows and tokens, never a token itself. */
export type Performed =
  | {
      readonly event: "minted";
      readonly grantType: string;
      readonly accessTokenType: "jwt" | "reference";
      readonly jti: string;
      /** The grant that can be refreshed, if there is one. */
      readonly family: string | undefined;
    }
  | { readonly event: "refreshed"; readonly jti: string; readonly family: string }
  | { readonly event: "introspected"; readonly active: boolean }
  | {
      readonly event: "revoked";
      readonly what: "access_token";
      readonly jti: string;
      readonly family: string | undefined;
    }
  | { readonly event: "revoked"; readonly what: "grant"; readonly family: string }
  | { readonly event: "revoked"; readonly what: "subject"; readonly wholeNamespace: boolean }
  /** The text was no token of the client's, and the answer the same (RFC 7009 section 2.2). */
  | { readonly event: "revoked"; readonly what: "nothing" }
  | { readonly event: "client_revoked"; readonly revokedClient: string }
  | {
      readonly event: "key_rotated";
      readonly mode: string;
      readonly use: string;
      readonly generation: number | undefined;
      readonly dryRun: boolean;
    }
  | { readonly event: "keys_listed" };

/** Why an operation was refused, if that has a name of its own. */
export type Refused =
  | { readonly event: "refused" }
  /** Who calls did not prove to be the client, or to be one at all. `client`: the one that it named, if it is configured. */
  | { readonly event: "client_refused"; readonly client?: string | undefined }
  | { readonly event: "operator_refused"; readonly operator?: string | undefined }
  /** A refresh token was used again outside the grace: its grant is revoked (RFC 9700 section 4.14.2). */
  | { readonly event: "refresh_reused"; readonly family: string };

/** What a refusal says: its OAuth2 code, its words, and what stays here. */
export interface Reason {
  readonly code: string;
  readonly reason: string;
  readonly cause: unknown;
}

/** What is known of every operation, however it ended. */
interface Circumstances {
  readonly operation: string;
  readonly tenant: string;
  readonly requestId: string | undefined;
  readonly remoteAddress: string | undefined;
  /** Who was authenticated, if anybody. */
  readonly client?: string | undefined;
  readonly operator?: string | undefined;
  /** Milliseconds. */
  readonly duration: number;
}

/** How one operation ended: there is exactly one for each. */
export type Event = Circumstances & (Performed | (Refused & Reason));

/** Hears of every event: the log, and whoever counts or audits. It must neither throw nor wait. */
export type Listener = (event: Event) => void;
