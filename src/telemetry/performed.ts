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
  | {
      readonly event: "refreshed";
      readonly grantType: string;
      readonly accessTokenType: "jwt" | "reference";
      readonly jti: string;
      readonly family: string;
    }
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
  | { readonly event: "keys_listed" }
  /** `ofClient`: the client whose grants they are, if the list was for one. */
  | { readonly event: "grants_listed"; readonly ofClient: string | undefined }
  | { readonly event: "registry_read" }
  /** `fields`: the names of the settings that change, and never a value. */
  | {
      readonly event: "client_registered";
      readonly registeredClient: string;
      readonly change: ClientChange;
      readonly fields: readonly string[];
      readonly validateOnly: boolean;
    }
  /** The event's tenant is the one. */
  | {
      readonly event: "tenant_registered";
      readonly change: EntryChange;
      readonly fields: readonly string[];
      readonly validateOnly: boolean;
    };

/** What an operator does to an entry of any kind. */
export type EntryChange = "created" | "updated" | "deleted";

/** What an operator does to the entry of a client. */
export type ClientChange = EntryChange | "disabled" | "enabled" | "secret_added" | "secret_removed";
