import { UnavailableError } from "../base/unavailable.ts";
import type { Refused } from "../telemetry/events.ts";

/**
 * Every code that a refusal can have: RFC 6749 sections 4.1.2.1 and 5.2, RFC 7009 section 2.2.1, RFC 8707 section 2. Doors
 * map it with a `satisfies Record<OAuthErrorCode, …>` table.
 */
export type OAuthErrorCode =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "unsupported_token_type"
  | "unsupported_response_type"
  | "invalid_scope"
  | "invalid_target"
  | "access_denied"
  | "temporarily_unavailable"
  | "server_error";

/** The longest description that leaves, in characters: a refusal is to be read, not to carry the request back. */
const MAX_DESCRIPTION = 1024;

/**
 * A refusal, the only error that crosses a door. `message` goes on the wire as `error_description`; `cause` goes to
 * the log and nowhere else.
 */
export class OAuthError extends Error {
  override readonly name = "OAuthError";
  readonly code: OAuthErrorCode;
  /** What the refusal is, for those who hear of events, if there is more to say than that it is one. */
  readonly event: Refused;

  /** `message`: names the parameter and what was expected; what RFC 6749 section 5.2 does not let through becomes `?`. */
  constructor(
    code: OAuthErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly event?: Refused } = {},
  ) {
    super(message.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/gu, "?").slice(0, MAX_DESCRIPTION), options);
    this.code = code;
    this.event = options.event ?? { event: "refused" };
  }
}

/** Decides what of an error leaves: a refusal as it is, anything else as a code that tells nothing of its cause. */
export function toOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error;
  if (error instanceof UnavailableError) {
    const cause = error.isLogged ? undefined : error;
    return new OAuthError("temporarily_unavailable", error.description, { cause });
  }
  return new OAuthError("server_error", "Something unexpected happened.", { cause: error });
}
