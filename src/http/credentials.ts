import type { ClientCredentials } from "../engine/request.ts";
import type { Form } from "./form.ts";

/** The credentials of a request: its `Authorization` header, whole, and those of the form (RFC 6749 section 2.3.1). */
export function credentials(authorization: string | undefined, form: Form): ClientCredentials {
  return {
    authorization: authorization || undefined,
    clientId: form.get("client_id"),
    clientSecret: form.get("client_secret"),
  };
}
