import type { JsonObject as StructJson } from "@bufbuild/protobuf";
import type { JsonValue } from "../base/json.ts";
import type { Introspection } from "../engine/request.ts";

/** The answer to an introspection: all claims unchanged, and the registered ones also in types that a Struct lacks. */
export function toIntrospectResponse(introspection: Introspection) {
  if (!introspection.active) return { active: false };
  const { scope, client_id, token_type, exp, iat, nbf, sub, aud, iss, jti } = introspection;
  return {
    active: true,
    // protobuf-es has no type for read-only JSON, but only reads what it encodes.
    claims: introspection as StructJson,
    scope: toText(scope),
    clientId: toText(client_id),
    tokenType: toText(token_type),
    ...(typeof exp === "number" && { exp: toSeconds(exp) }),
    ...(typeof iat === "number" && { iat: toSeconds(iat) }),
    ...(typeof nbf === "number" && { nbf: toSeconds(nbf) }),
    sub: toText(sub),
    aud: toTexts(aud),
    iss: toText(iss),
    jti: toText(jti),
  };
}

/** An absent string is empty in protobuf. */
function toText(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

/** An audience may be a single string (RFC 7519 section 4.1.3). */
function toTexts(value: JsonValue | undefined): string[] {
  return (Array.isArray(value) ? value : [value]).filter((entry) => typeof entry === "string");
}

/** A NumericDate may have a fraction (RFC 7519 section 2). */
function toSeconds(date: number): bigint {
  return BigInt(Math.floor(date));
}
