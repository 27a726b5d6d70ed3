import * as z from "zod";
import { parseRates, RATES_PATTERN, type Rate } from "../base/rate.ts";
import { expected } from "../schema/explain.ts";
import type { RateLimits } from "./tenant.ts";

const UNLIMITED = "unlimited";

const problem = expected(
  `rates such as 10/s, 100/15m (a longer period allows more; the longest is a day), or ${UNLIMITED}`,
);

/** How often something may happen; no rate: any number of times. */
const rates = z
  .string(problem)
  .regex(new RegExp(`^${UNLIMITED}$|${RATES_PATTERN.source}`), { ...problem, abort: true })
  .transform((text, context): readonly Rate[] => {
    const parsed = text === UNLIMITED ? [] : parseRates(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: problem.error({ input: text }) });
    return z.NEVER;
  });

const MINTS = "How often a client may mint, such as 10/s, 1000/15m; default: unlimited";
const REQUESTS = "How often a client may make requests of any kind; default: unlimited";

/** How often something may happen in a tenant. */
export const rateLimits = z.strictObject({
  failed_authentication_per_client: rates
    .prefault("10/m")
    .describe("How often attempts to authenticate as one client or operator may fail, from one address"),
  failed_authentication_per_address: rates
    .prefault("100/m")
    .describe("How often attempts to authenticate may fail from one address, whoever they name"),
  mint_per_client: rates.prefault(UNLIMITED).describe(MINTS),
  requests_per_client: rates.prefault(UNLIMITED).describe(REQUESTS),
});

/** How often something may happen if nothing else is said. */
export const defaultRateLimits: RateLimits = rateLimits.parse({});

/** How often something may happen for one client, whatever its tenant allows. */
export const clientRateLimits = z.strictObject({
  mint_per_client: rates.optional().describe(MINTS.replace("unlimited", "the tenant's")),
  requests_per_client: rates.optional().describe(REQUESTS.replace("unlimited", "the tenant's")),
});
