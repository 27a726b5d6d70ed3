import type { IntrospectRequest } from "../engine/request.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Form } from "./form.ts";
import { formEndpoint } from "./form-endpoint.ts";

/** The path of the introspection endpoint, below the tenant's base. */
export const INTROSPECT_PATH = "/connect/introspect";

/** The media type of an answer that is signed (RFC 9701 section 4). */
const SIGNED_TYPE = "application/token-introspection+jwt";

/**
 * The introspection endpoint (RFC 7662 section 2). It returns the engine's answer unchanged: as JSON, or as a JWT if the
 * caller prefers one (RFC 9701).
 */
export const introspect: Endpoint = formEndpoint(INTROSPECT_PATH, "introspect", async (tenant, form, caller, reply) => {
  const request = toIntrospectRequest(form);
  if (!prefersSigned(reply.request.headers.accept)) return tenant.introspect(caller, request);
  const { jwt } = await tenant.introspectSigned(caller, request);
  reply.type(SIGNED_TYPE);
  return jwt;
});

function toIntrospectRequest(form: Form): IntrospectRequest {
  return { token: form.get("token"), tokenTypeHint: form.get("token_type_hint") };
}

/**
 * Whether a caller names the signed form, and likes it no less than the plain one (RFC 9110 section 12.5.1). A wildcard
 * does not name it: whoever takes anything gets JSON.
 */
function prefersSigned(accept = ""): boolean {
  const weights = new Map(accept.split(",").map(weighted));
  const weight = weights.get(SIGNED_TYPE) ?? 0;
  return weight > 0 && weight >= (weights.get("application/json") ?? 0);
}

function weighted(range: string): [type: string, weight: number] {
  const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  return [type, Number(weight ?? 1)];
}
