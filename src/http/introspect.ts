import type { Endpoint } from "./endpoint.ts";
import { formEndpoint } from "./form-endpoint.ts";

/** The path of the introspection endpoint, below the tenant's base. */
export const INTROSPECT_PATH = "/connect/introspect";

/** The introspection endpoint (RFC 7662 section 2). It returns the engine's answer unchanged. */
export const introspect: Endpoint = formEndpoint(INTROSPECT_PATH, "introspect", (tenant, form, caller) =>
  tenant.introspect(caller, { token: form.get("token"), tokenTypeHint: form.get("token_type_hint") }),
);
