import { z } from "zod";
import { isNetwork, parseAddress } from "../base/address.ts";
import { DURATION_PATTERN, formatDuration, MAX_DURATION, parseDuration } from "../base/duration.ts";
import type { JsonObject } from "../base/json.ts";
import { hasTemplate, isAuthorityUrl, isIssuerUrl, normalizeUrl } from "../base/url.ts";
import { expected, expectedUnseen } from "./explain.ts";
import { parseSecret, SECRET_FORMS } from "./secret.ts";
import { hasStoreTemplate } from "./store-url.ts";

/** The longest name or other short text, in characters. */
const MAX_TEXT = 1024;

/** A text that says something. */
export const text = z
  .string(expected("a text"))
  .min(1, expected("a text that is not empty"))
  .max(MAX_TEXT, expected(`a text of at most ${MAX_TEXT} characters`));

export const path = z.string(expected("a path")).min(1, expected("a path"));

/** Whole seconds, or text such as `15m`; in seconds once read. */
export const duration = durationFrom(
  1,
  MAX_DURATION,
  "whole seconds or text such as 90s, 15m, 12h or 30d, up to 10 years",
);

/** A duration that may be 0. */
export const durationOrZero = durationFrom(
  0,
  MAX_DURATION,
  "whole seconds, 0 too, or text such as 90s or 15m, up to 10 years",
);

/** A duration within bounds, which are in seconds and included. */
export function durationBetween(minimum: number, maximum: number) {
  const bounds = `from ${formatDuration(minimum)} to ${formatDuration(maximum)}`;
  return durationFrom(minimum, maximum, `whole seconds or text such as 90s or 15m, ${bounds}`);
}

function durationFrom(minimum: number, maximum: number, what: string) {
  const fault = expected(what);
  const inRange = (value: string) => {
    const seconds = parseDuration(value) ?? -1;
    return seconds >= minimum && seconds <= maximum;
  };
  const written = z
    .string(fault)
    .regex(DURATION_PATTERN, { ...fault, abort: true })
    .refine(inRange, fault);
  return z
    .union([z.int(fault).min(minimum, fault).max(maximum, fault), written], fault)
    .transform((value) => parseDuration(value) ?? minimum);
}

/** A variable's milliseconds, from 1 to `maximum`. */
export function milliseconds(maximum: number) {
  const fault = expected(`milliseconds, a whole number from 1 to ${maximum}`);
  return z
    .string(fault)
    .regex(/^[1-9][0-9]{0,8}$/, { ...fault, abort: true })
    .transform(Number)
    .refine((value) => value <= maximum, fault);
}

/** A whole number from 1 to `maximum`. */
export function count(maximum: number) {
  const fault = expected(`a whole number from 1 to ${maximum}`);
  return z
    .int(fault)
    .min(1, { ...fault, abort: true })
    .max(maximum, fault);
}

export const flag = z.boolean(expected("true or false"));

/** RFC 6749 section 3.3. */
export const scopeToken = text.regex(
  /^[\x21\x23-\x5b\x5d-\x7e]+$/,
  expected("a scope: printable ASCII without spaces, quotes and backslashes"),
);

const CLIENT_ID = /^[\x20-\x7e]+$/;

/** RFC 6749 appendix A.1. */
export const clientId = text.regex(CLIENT_ID, expected("a client id: printable ASCII"));

/** It travels as a client's does. */
export const operatorId = text.regex(CLIENT_ID, expected("an operator id: printable ASCII"));

export const tenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, expected("a tenant id: 1 to 63 lower-case letters, digits and hyphens"));

const FILLED_IN = "a URL without a template such as {tenant}, <host> or $HOST left in it";
const isFilledIn = (text: string) => !hasTemplate(text);

/** A text that names somebody by a URL or otherwise. */
export const filledIn = text.refine((value) => !value.includes("://") || isFilledIn(value), expected(FILLED_IN));

/** A URL that can be `iss`, kept as it is written. */
export const issuerUrl = z
  .string(expected("a URL"))
  .refine(isFilledIn, { ...expected(FILLED_IN), abort: true })
  .refine(isIssuerUrl, expected("an http or https URL without user, query and fragment"));

/** A URL that tenants' issuers begin with, in its normal form without slashes at the end. */
export const publicUrl = issuerUrl.transform(normalizeUrl);

export const authorityUrl = z
  .string(expected("a URL"))
  .refine(isFilledIn, { ...expected(FILLED_IN), abort: true })
  .refine(isAuthorityUrl, expected("an https URL (http on loopback alone) without user, query and fragment"))
  // An id_token names its issuer with the scheme as it is usually written.
  .transform((url) => url.replace(/^https?/i, (scheme) => scheme.toLowerCase()));

const NETWORK = "an IP address, or a network such as 10.1.0.0/16 or fd00::/8";

const ADDRESS = "host:port, IPv6 in brackets, port 0 to 65535";

/** `host:port`, in its parts once read. */
export const address = z.string(expected(ADDRESS)).transform((value, context) => {
  const parsed = parseAddress(value);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: expected(ADDRESS).error({ input: value }) });
  return z.NEVER;
});

/** An IP address, or a network in CIDR notation. One that holds every address names nobody. */
export const network = z.string(expected(NETWORK)).refine((value) => isNetwork(value), expected(NETWORK));

/** An entry of a client's or an operator's secrets. */
export const secret = z.string(expectedUnseen(SECRET_FORMS)).transform((value, context) => {
  const parsed = parseSecret(value);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: expectedUnseen(SECRET_FORMS).error({ input: value }) });
  return z.NEVER;
});

/** A store's URL: it may hold a password. */
export const storeUrl = z
  .string(expectedUnseen("a store's URL"))
  .regex(/^[a-z][a-z0-9+.-]*:.+$/, {
    ...expectedUnseen("a store's URL such as sqlite:./data/mintmark.db"),
    abort: true,
  })
  .refine(
    (url) => !hasStoreTemplate(url),
    expectedUnseen("a store's URL without a template such as <password> left in it"),
  );

export const logLevel = z.enum(
  ["fatal", "error", "warn", "info", "debug", "trace", "silent"],
  expected("fatal, error, warn, info, debug, trace or silent"),
);

export type LogLevel = z.output<typeof logLevel>;

/** Claims by name: JSON values whose whole numbers every JSON reader can hold (RFC 8259 section 6). */
export const fixedClaims = z.record(text, z.json()).refine(isExact, {
  error: `expected whole numbers between -${Number.MAX_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`,
}) satisfies z.ZodType<JsonObject>;

function isExact(value: z.core.util.JSONType): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value) || !Number.isInteger(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isExact);
}
