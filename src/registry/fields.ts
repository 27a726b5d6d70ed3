import * as z from "zod";
import type { JsonObject } from "../base/json.ts";
import { isAuthorityUrl } from "../base/url.ts";
import { expected, expectedUnseen } from "../schema/explain.ts";
import { FILLED_IN, isFilledIn, text } from "../schema/fields.ts";
import { parseSecret, SECRET_FORMS } from "./secret.ts";

/** A scope (RFC 6749 section 3.3). */
export const scopeToken = text.regex(
  /^[\x21\x23-\x5b\x5d-\x7e]+$/,
  expected("a scope: printable ASCII without spaces, quotes and backslashes"),
);

const CLIENT_ID = /^[\x20-\x7e]+$/;

/** A client id (RFC 6749 appendix A.1). */
export const clientId = text.regex(CLIENT_ID, expected("a client id: printable ASCII"));

/** An operator id, which is sent just as a client id is. */
export const operatorId = text.regex(CLIENT_ID, expected("an operator id: printable ASCII"));

/** A tenant id, which is part of URLs. */
export const tenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, expected("a tenant id: 1 to 63 lower-case letters, digits and hyphens"));

/** The issuer of an identity provider, whose keys are fetched. */
export const authorityUrl = z
  .string(expected("a URL"))
  .refine(isFilledIn, { ...expected(FILLED_IN), abort: true })
  .refine(isAuthorityUrl, expected("an https URL (http only on loopback) without user, query and fragment"))
  // An id_token names its issuer with the scheme as it is usually written.
  .transform((url) => url.replace(/^https?/i, (scheme) => scheme.toLowerCase()));

/** An entry of a client's or an operator's secrets. */
export const secret = z.string(expectedUnseen(SECRET_FORMS)).transform((value, context) => {
  const parsed = parseSecret(value);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: expectedUnseen(SECRET_FORMS).error({ input: value }) });
  return z.NEVER;
});

/** Claims by name: JSON values whose whole numbers every JSON parser reads exactly (RFC 8259 section 6). */
export const fixedClaims = z.record(text, z.json()).refine(isExact, {
  error: `expected whole numbers between -${Number.MAX_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`,
}) satisfies z.ZodType<JsonObject>;

function isExact(value: z.core.util.JSONType): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value) || !Number.isInteger(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isExact);
}
