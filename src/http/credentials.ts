import type { ClientCredentials } from "../engine/request.ts";
import { fieldValues } from "./fields.ts";
import type { Form } from "./form.ts";

/** What credentials are read from: a request of Fastify's. */
interface Source {
  readonly raw: { readonly rawHeaders: readonly string[] };
  /** The address of the caller; behind a trusted proxy, what that says of it. */
  readonly ip: string;
}

/**
 * The credentials of a request: its `Authorization` header, whole, and those of the form (RFC 6749 section 2.3.1).
 * `rawHeaders`: the names and values of the header, by turns, as they came.
 */
export function credentials({ raw: { rawHeaders: fields }, ip }: Source, form: Form): ClientCredentials {
  // Of several, Node's own `headers` has the first alone. Joined, they are malformed: nobody guesses which one counts.
  return {
    authorization: fieldValues(fields, "authorization").join(", ") || undefined,
    clientId: form.get("client_id"),
    clientSecret: form.get("client_secret"),
    remoteAddress: ip,
  };
}
