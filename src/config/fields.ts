import * as z from "zod";
import { isNetwork, parseAddress } from "../base/address.ts";
import { normalizeUrl } from "../base/url.ts";
import { expected, expectedUnseen } from "../schema/explain.ts";
import { durationBetween, issuerUrl } from "../schema/fields.ts";
import { hasStoreTemplate } from "./store-url.ts";

/** The path of a file, relative to the working directory. */
export const path = z.string(expected("a path")).min(1, expected("a path"));

/** Milliseconds in a variable, from 1 to `maximum`. */
export function milliseconds(maximum: number) {
  const problem = expected(`milliseconds, a whole number from 1 to ${maximum}`);
  return z
    .string(problem)
    .regex(/^[1-9][0-9]{0,8}$/, { ...problem, abort: true })
    .transform(Number)
    .refine((value) => value <= maximum, problem);
}

/** The URL that tenants' issuers begin with, normalized and without trailing slashes. */
export const publicUrl = issuerUrl.transform(normalizeUrl);

const MOST_WORKERS = 256;

const WORKERS = expected(`auto, or a whole number from 1 to ${MOST_WORKERS}`);

/** How many processes serve; `auto` leaves it to the program. A variable has the number as text. */
export const workers = z.union(
  [
    z.literal("auto"),
    z.int(WORKERS).min(1, WORKERS).max(MOST_WORKERS, WORKERS),
    z
      .string()
      .regex(/^[1-9][0-9]{0,2}$/, { ...WORKERS, abort: true })
      .transform(Number)
      .refine((count) => count <= MOST_WORKERS, WORKERS),
  ],
  WORKERS,
);

/** A number of workers. */
export type Workers = z.output<typeof workers>;

const NETWORK = "an IP address, or a network such as 10.1.0.0/16 or fd00::/8";

const ADDRESS = "host:port, IPv6 in brackets, port 0 to 65535";

/** `host:port`, parsed into its parts. */
export const address = z.string(expected(ADDRESS)).transform((value, context) => {
  const parsed = parseAddress(value);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: expected(ADDRESS).error({ input: value }) });
  return z.NEVER;
});

/** An IP address, or a network in CIDR notation. Not the whole internet: that would trust everyone. */
export const network = z.string(expected(NETWORK)).refine((value) => isNetwork(value), expected(NETWORK));

/** A store's URL. It may contain a password, so no error quotes it. */
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

/** How long a service that is told to stop goes on, in seconds: no supervisor waits longer than some minutes. */
export const shutdownDelay = durationBetween(0, 600);

/** A version of TLS, in Node's words. YAML reads 1.2 as a number. */
export const tlsVersion = z
  .literal([1.2, 1.3, "1.2", "1.3"], expected("1.2 or 1.3"))
  .transform((version) => `TLSv${version}` as const);

/** The lowest level that is logged. */
export const logLevel = z.enum(
  ["fatal", "error", "warn", "info", "debug", "trace", "silent"],
  expected("fatal, error, warn, info, debug, trace or silent"),
);

/** How the log is written: `auto` is `pretty` on a terminal, else `json`. */
export const logFormat = z.enum(["auto", "json", "pretty"], expected("auto, json or pretty"));

/** A format of the log. */
export type LogFormat = z.output<typeof logFormat>;

/** A level of the log. */
export type LogLevel = z.output<typeof logLevel>;
