import { OAuthError } from "../engine/errors.ts";
import type { RevokeRequest } from "../engine/request.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Form } from "./form.ts";
import { formEndpoint } from "./form-endpoint.ts";

/** The path of the revocation endpoint, below the tenant's base. */
export const REVOCATION_PATH = "/connect/revocation";

/**
 * The revocation endpoint (RFC 7009 section 2). Only the status of its answer matters (section 2.2); the body is `{}`
 * because some clients parse every answer as JSON.
 */
export const revocation: Endpoint = formEndpoint(REVOCATION_PATH, "revoke", async (tenant, form, caller) => {
  await tenant.revoke(caller, toRevokeRequest(form));
  return {};
});

function toRevokeRequest(form: Form): RevokeRequest {
  return {
    token: form.get("token"),
    tokenTypeHint: form.get("token_type_hint"),
    revokeAllSubjects: toBoolean("revoke_all_subjects", form),
  };
}

/** Parses a parameter. Throws OAuthError `invalid_request` if it is neither `true` nor `false`. */
function toBoolean(name: string, form: Form): boolean | undefined {
  const text = form.get(name);
  if (text === undefined) return undefined;
  if (text !== "true" && text !== "false") throw new OAuthError("invalid_request", `${name} must be true or false.`);
  return text === "true";
}
