import type { Endpoint } from "./endpoint.ts";
import { formEndpoint } from "./form-endpoint.ts";

/** Where the introspection endpoint is, below the base of its tenant. */
export const INTROSPECT_PATH = "/connect/introspect";

/** The introspection endpoint (RFC 7662 section 2). Its answer is the engine's, as it is. */
export const introspect: Endpoint = formEndpoint(INTROSPECT_PATH, (tenant, form, caller) =>
  tenant.introspect(caller, { token: form.get("token"), tokenTypeHint: form.get("token_type_hint") }),
);
