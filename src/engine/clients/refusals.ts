import type { Client, Operator } from "../../registry/tenant.ts";
import { OAuthError, type OAuthErrorCode } from "../errors.ts";

/** The refusal of Basic credentials that cannot be parsed. */
export const MALFORMED_BASIC =
  "authorization is malformed: expected Basic and the base64 of the form-urlencoded id:secret.";

/**
 * Refuses a client that did not prove who it is. `client`: the one that it names, if configured; nothing else that the
 * caller wrote reaches the event, as it may be a secret in the wrong place.
 */
export function clientRefused(message: string, client?: Client, code: OAuthErrorCode = "invalid_client"): OAuthError {
  return new OAuthError(code, message, { event: { event: "client_refused", client: client?.id } });
}

/** Refuses an operator that did not prove who it is. `operator`: the one that it names, if configured. */
export function operatorRefused(message: string, operator?: Operator): OAuthError {
  return new OAuthError("invalid_client", message, { event: { event: "operator_refused", operator: operator?.id } });
}
