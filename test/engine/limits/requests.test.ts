import { describe, expect, it } from "vitest";
import { parseRates } from "../../../src/base/rate.ts";
import type { LimitedOperation, Limiter } from "../../../src/engine/limits/limiter.ts";
import { Requests } from "../../../src/engine/limits/requests.ts";
import { RateLimitedError } from "../../../src/engine/rate-limited.ts";
import type { RateLimits } from "../../../src/registry/tenant.ts";
import { fakeClock } from "../../support/clock.ts";
import { NO_RATE_LIMITS, testClient, testTenant } from "../../support/tenant.ts";

const rates = (text: string) => parseRates(text) ?? [];
const limited = (limits: Partial<RateLimits>, id = "default") =>
  testTenant({ id, rateLimits: { ...NO_RATE_LIMITS, ...limits } });

/** A mint of a proven client of a tenant with these limits. */
function mint(limits: Partial<RateLimits>, changes: Partial<LimitedOperation> = {}): LimitedOperation {
  const caller = { remoteAddress: "192.0.2.1" };
  return { operation: "mint", tenant: limited(limits), caller, client: testClient(), hasProof: true, ...changes };
}

/** How many of the operations are let through before the limit refuses one; at most 20. */
function most(limit: Limiter, operation: LimitedOperation): number {
  for (let count = 0; count < 20; count++) {
    try {
      limit(operation);
    } catch (error) {
      if (!(error instanceof RateLimitedError)) throw error;
      return count;
    }
  }
  return 20;
}

function thrownBy(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("requests of a client", () => {
  it("are as many as its tenant allows, and its mints are among them", () => {
    const limit = new Requests(fakeClock()).limit;
    const limits = { mint_per_client: rates("3/m"), requests_per_client: rates("5/m") };
    expect(most(limit, mint(limits))).toBe(3);
    expect(most(limit, mint(limits, { operation: "introspect" }))).toBe(2);
  });

  it("are refused with what is left of each rate, and when to try again", () => {
    const limit = new Requests(fakeClock()).limit;
    const limits = { mint_per_client: rates("1/s, 100/15m"), requests_per_client: rates("5/m") };
    limit(mint(limits));
    expect(thrownBy(() => limit(mint(limits)))).toMatchObject({
      code: "temporarily_unavailable",
      message: "Too many mints: mint_per_client allows 1/s. Try again later.",
      event: { event: "rate_limited", limit: "mint_per_client", client: testClient().id },
      retryAfter: 1,
      quotas: [
        { limit: "requests_per_client", rate: { most: 5, period: 60 }, left: 4 },
        { limit: "mint_per_client", rate: { most: 1, period: 1 }, left: 0, resetsIn: 1 },
        { limit: "mint_per_client", rate: { most: 100, period: 900 }, left: 99 },
      ],
    });
  });

  it("are as many as the client's own limits allow, if it has any", () => {
    const limit = new Requests(fakeClock()).limit;
    const limits = { mint_per_client: rates("3/m"), requests_per_client: rates("5/m") };
    const client = testClient({ rateLimits: { mint_per_client: rates("4/m"), requests_per_client: [] } });
    expect(most(limit, mint(limits, { client }))).toBe(4);
    expect(most(limit, mint(limits, { client, operation: "revoke" }))).toBe(20);
  });

  it.each<[string, Partial<LimitedOperation>, number]>([
    ["not for another client", { client: testClient({ id: "app" }) }, 3],
    ["not for another tenant", { tenant: limited({ mint_per_client: rates("3/m") }, "acme") }, 3],
    ["wherever it calls from", { caller: { remoteAddress: "192.0.2.2" } }, 0],
  ])("count %s", (_, changes, left) => {
    const limit = new Requests(fakeClock()).limit;
    const operation = mint({ mint_per_client: rates("3/m") });
    expect(most(limit, operation)).toBe(3);
    expect(most(limit, { ...operation, ...changes })).toBe(left);
  });

  it("that proves nothing count separately for each network, and never for one that does", () => {
    const limit = new Requests(fakeClock()).limit;
    const proven = mint({ mint_per_client: rates("3/m") });
    const unproven = { ...proven, hasProof: false };
    expect(most(limit, unproven)).toBe(3);
    expect(most(limit, { ...unproven, caller: { remoteAddress: "192.0.2.2" } })).toBe(3);
    expect(most(limit, proven)).toBe(3);
  });

  it("are any number if nothing is said", () => {
    expect(most(new Requests(fakeClock()).limit, mint({}))).toBe(20);
  });

  it("do not count for operators", () => {
    const limits = { requests_per_client: rates("3/m") };
    expect(most(new Requests(fakeClock()).limit, mint(limits, { client: undefined }))).toBe(20);
  });
});
