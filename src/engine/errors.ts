import { UnavailableError } from "../base/unavailable.ts";
import type { Refused } from "../telemetry/events.ts";

/**
 * Every code of a refusal: RFC 6749 sections 4.1.2.1 and 5.2, RFC 7009 section 2.2.1, RFC 8707 section 2, RFC 9449
 * sections 5 and 8. Doors map it
 * with a `satisfies Record<OAuthErrorCode, …>` table, so a new code does not compile until every door handles it.
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
  | "invalid_dpop_proof"
  | "use_dpop_nonce"
  | "access_denied"
  | "temporarily_unavailable"
  | "server_error";

/** What is wrong with an operator's request, if that is more than OAuth's codes can say: AIP-193's words. */
export type Conflict = "not_found" | "already_exists" | "failed_precondition" | "aborted";

/**
 * The longest description that is sent, in characters. A refusal quotes what the caller wrote, which could be any
 * length.
 */
const MAX_DESCRIPTION = 1024;

/** The message for a tenant that is not configured, or no longer. */
export const NO_SUCH_TENANT = "There is no such tenant.";

/**
 * A refusal: the only error that reaches a door. `message` goes on the wire as `error_description`; `cause` goes to the
 * log and nowhere else.
 */
export class OAuthError extends Error {
  override readonly name = "OAuthError";
  readonly code: OAuthErrorCode;
  /** The message without what the caller wrote, for events: a secret may have been sent in the wrong place. */
  readonly reason: string;
  /** How the event about this refusal describes it, if it is more specific than `refused`. */
  readonly event: Refused;
  /** What an operator's request conflicts with; undefined: nothing. */
  readonly conflict: Conflict | undefined;
  /** Whether an event has reported it: each request is reported once. */
  isReported = false;

  /**
   * `message` names the parameter and what was expected. Characters that RFC 6749 section 5.2 does not allow become
   * `?`.
   */
  constructor(
    code: OAuthErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly event?: Refused; readonly conflict?: Conflict } = {},
  ) {
    const description = message.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/gu, "?");
    super(description.slice(0, MAX_DESCRIPTION), options);
    this.code = code;
    // Of the whole text: a cut one may lack the quote that ends what the caller wrote.
    this.reason = withoutQuotes(description).slice(0, MAX_DESCRIPTION);
    this.event = options.event ?? { event: "refused" };
    this.conflict = options.conflict;
  }
}

/** Messages put what a caller wrote in quotes. Several of them may stand in one: everything between goes, too. */
function withoutQuotes(text: string): string {
  return text.replace(/(?<=^|\W)'(?:.*'(?!\w)|.*)/s, "'…'");
}

/**
 * Decides what a caller learns of an error: a refusal passes unchanged; anything else becomes a code that reveals
 * nothing of its cause.
 */
export function toOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error;
  if (error instanceof UnavailableError) {
    // Whoever threw it may have logged it already: a store that is down must not fill the log once per request.
    const cause = error.isLogged ? undefined : error;
    return new OAuthError("temporarily_unavailable", error.description, { cause });
  }
  return new OAuthError("server_error", "An unexpected error occurred.", { cause: error });
}
