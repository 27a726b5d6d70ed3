import * as z from "zod";
import { DURATION_PATTERN, formatDuration, MAX_DURATION, parseDuration } from "../base/duration.ts";
import { hasTemplate, isIssuerUrl } from "../base/url.ts";
import { expected } from "./explain.ts";

/** The longest name or other short string, in characters. */
const MAX_TEXT = 1024;

/** A string that is not empty. */
export const text = z
  .string(expected("a string"))
  .min(1, expected("a string that is not empty"))
  .max(MAX_TEXT, expected(`a string of at most ${MAX_TEXT} characters`));

/** Whole seconds, or a string such as `15m`; parsed to seconds. */
export const duration = durationFrom(
  1,
  MAX_DURATION,
  "whole seconds or text such as 90s, 15m, 12h or 30d, up to 10 years",
);

/** A duration that may be 0. */
export const durationOrZero = durationFrom(
  0,
  MAX_DURATION,
  "whole seconds, which may be 0, or text such as 90s or 15m, up to 10 years",
);

/** A duration between two bounds, in seconds and inclusive. */
export function durationBetween(minimum: number, maximum: number) {
  const bounds = `from ${formatDuration(minimum)} to ${formatDuration(maximum)}`;
  return durationFrom(minimum, maximum, `whole seconds or text such as 90s or 15m, ${bounds}`);
}

function durationFrom(minimum: number, maximum: number, what: string) {
  const problem = expected(what);
  const inRange = (value: string) => {
    const seconds = parseDuration(value) ?? -1;
    return seconds >= minimum && seconds <= maximum;
  };
  const written = z
    .string(problem)
    .regex(DURATION_PATTERN, { ...problem, abort: true })
    .refine(inRange, problem);
  return z
    .union([z.int(problem).min(minimum, problem).max(maximum, problem), written], problem)
    .transform((value) => parseDuration(value) ?? minimum);
}

/** A whole number from 1 to `maximum`. */
export function count(maximum: number) {
  const problem = expected(`a whole number from 1 to ${maximum}`);
  return z
    .int(problem)
    .min(1, { ...problem, abort: true })
    .max(maximum, problem);
}

/** True or false. */
export const flag = z.boolean(expected("true or false"));

/** What a URL must be. */
export const FILLED_IN = "a URL without a template such as {tenant}, <host> or $HOST left in it";

/** Whether a text contains no template. */
export function isFilledIn(text: string): boolean {
  return !hasTemplate(text);
}

/** A name, which may be a URL. */
export const filledIn = text.refine((value) => !value.includes("://") || isFilledIn(value), expected(FILLED_IN));

/** A URL that can be `iss`, kept exactly as written. */
export const issuerUrl = z
  .string(expected("a URL"))
  .refine(isFilledIn, { ...expected(FILLED_IN), abort: true })
  .refine(isIssuerUrl, expected("an http or https URL without user, query and fragment"));
