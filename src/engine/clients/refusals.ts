import type { Client, Operator } from "../../registry/tenant.ts";
import { OAuthError } from "../errors.ts";

/** What is said of Basic credentials that cannot be read. */
export const MALFORMED_BASIC =
  "authorization is malformed: expected Basic and the base64 of the form-urlencoded id:secret.";

/** A client that did not prove who it is. `client`: the one that it names, if configured; what else it wrote is not told. */
export function clientRefused(message: string, client?: Client): OAuthError {
  return new OAuthError("invalid_client", message, { event: { event: "client_refused", client: client?.id } });
}

/** An operator that did not prove who it is. `operator`: the one that is named, if configured. */
export function operatorRefused(message: string, operator?: Operator): OAuthError {
  return new OAuthError("invalid_client", message, { event: { event: "operator_refused", operator: operator?.id } });
}
