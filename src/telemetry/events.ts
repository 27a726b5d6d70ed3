/** How an operation succeeded. Ids are those of rows and tokens, never tokens themselves. */
export type Performed =
  | {
      readonly event: "minted";
      readonly grantType: string;
      readonly accessTokenType: "jwt" | "reference";
      readonly jti: string;
      /** The family, if the grant can be refreshed. */
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
  /** The text was not a token of the client. The answer is the same (RFC 7009 section 2.2). */
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

/** The kinds of refusals. */
export type Refused =
  | { readonly event: "refused" }
  /** The caller did not prove to be a client. `client`: the one that it named, if it is configured. */
  | { readonly event: "client_refused"; readonly client?: string | undefined }
  | { readonly event: "operator_refused"; readonly operator?: string | undefined }
  /** A refresh token was used again outside the grace: its grant is revoked (RFC 9700 section 4.14.2). */
  | { readonly event: "refresh_reused"; readonly family: string };

/** The contents of a refusal: its OAuth2 code and message, and the cause, which is not sent. */
export interface Reason {
  readonly code: string;
  readonly reason: string;
  readonly cause: unknown;
}

/** What is known about every operation, however it ended. */
interface Circumstances {
  readonly operation: string;
  readonly tenant: string;
  readonly requestId: string | undefined;
  readonly remoteAddress: string | undefined;
  /** The authenticated client, if any. */
  readonly client?: string | undefined;
  readonly operator?: string | undefined;
  /** Milliseconds. */
  readonly duration: number;
}

/** How one operation ended. There is exactly one event for each operation. */
export type Event = Circumstances & (Performed | (Refused & Reason));

/** Receives every event, such as the log does. It must neither throw nor block. */
export type Listener = (event: Event) => void;
