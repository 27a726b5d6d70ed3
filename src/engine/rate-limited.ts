import { formatRate, type Rate } from "../base/rate.ts";
import type { LimitName } from "../registry/tenant.ts";
import { OAuthError } from "./errors.ts";

/** One rate of a limit, and what is left of it. */
export interface Quota {
  readonly limit: LimitName;
  readonly rate: Rate;
  /** The name of both together. */
  readonly policy: string;
  readonly left: number;
  /** In how many seconds all of it is there again: at least 1. */
  readonly resetsIn: number;
}

/** What was too much, by the limit that it exceeded. */
const TOO_MANY: Readonly<Record<LimitName, string>> = {
  failed_authentication_per_client: "Too many failed attempts to authenticate",
  failed_authentication_per_address: "Too many failed attempts to authenticate",
  mint_per_client: "Too many mints",
  requests_per_client: "Too many requests",
};

/** A refusal because a limit is used up: the same request works later. A door tells the quotas (RFC 6585 section 4). */
export class RateLimitedError extends OAuthError {
  /** Every rate that the request counts for, used up or not. */
  readonly quotas: readonly Quota[];
  /** In how many seconds the same request could work. */
  readonly retryAfter: number;

  /** `quotas`: at least one of them has nothing left. `who`: the client or operator, by its id, as far as it is known. */
  constructor(
    quotas: readonly Quota[],
    who: { readonly client?: string | undefined; readonly operator?: string | undefined },
  ) {
    const usedUp = quotas.filter(({ left }) => left === 0);
    const [first] = usedUp.toSorted((one, other) => other.resetsIn - one.resetsIn);
    if (first === undefined) throw new TypeError("No quota is used up.");
    const { limit, rate, resetsIn } = first;
    super("temporarily_unavailable", `${TOO_MANY[limit]}: ${limit} allows ${formatRate(rate)}. Try again later.`, {
      event: { event: "rate_limited", limit, ...who },
    });
    this.quotas = quotas;
    this.retryAfter = resetsIn;
  }
}
