import { hostNetwork } from "../../base/address.ts";
import type { Clock } from "../../base/clock.ts";
import type { ClientRateLimits } from "../../registry/tenant.ts";
import type { TallyStore } from "../../store/port.ts";
import { RateLimitedError } from "../rate-limited.ts";
import type { LimitedOperation, Limiter } from "./limiter.ts";
import { type Claim, Windows } from "./windows.ts";

/** How many counts are remembered: of clients, which the configuration names, and of those whose names anybody may use. */
const MAX_PROVEN = 65_536;
const MAX_UNPROVEN = 16_384;

/**
 * Limits the requests of clients by `requests_per_client`, and their mints by `mint_per_client`. A client that has proven
 * who it is counts as one, wherever it calls from; one that has not counts separately for each network, so that nobody
 * can use up what is another's.
 */
export class Requests {
  readonly #clock: Clock;
  readonly #proven = new Windows(MAX_PROVEN);
  /** Apart, as whoever has many addresses could have all other counts forgotten. */
  readonly #unproven = new Windows(MAX_UNPROVEN);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws RateLimitedError. */
  readonly limit: Limiter = (operation) => {
    const claims = claimsOf(operation);
    if (claims.length === 0) return;
    const windows = operation.hasProof ? this.#proven : this.#unproven;
    const now = this.#clock.now();
    if (windows.take(claims, now)) return;
    throw new RateLimitedError(windows.quotas(claims, now), { client: operation.client?.id });
  };

  /** See {@link Windows.exchange}. */
  async exchange(tallies: TallyStore): Promise<void> {
    await Promise.all([this.#proven.exchange(tallies), this.#unproven.exchange(tallies)]);
  }
}

function claimsOf({ operation, tenant, caller, client, hasProof }: LimitedOperation): readonly Claim[] {
  if (client === undefined) return [];
  const key = JSON.stringify([tenant.id, client.id, ...(hasProof ? [] : [hostNetwork(caller.remoteAddress ?? "")])]);
  const names: readonly (keyof ClientRateLimits)[] =
    operation === "mint" ? ["requests_per_client", "mint_per_client"] : ["requests_per_client"];
  const ratesOf = (limit: keyof ClientRateLimits) => client.rateLimits?.[limit] ?? tenant.rateLimits[limit];
  return names.flatMap((limit) => ratesOf(limit).map((rate) => ({ limit, rate, key })));
}
