import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRates } from "../../../src/base/rate.ts";
import { type Attempt, Attempts } from "../../../src/engine/limits/attempts.ts";
import { RateLimitedError } from "../../../src/engine/rate-limited.ts";
import { rateLimitHeaders } from "../../../src/wire/rate-limit.ts";
import { fakeClock } from "../../support/clock.ts";
import { NO_RATE_LIMITS, testTenant } from "../../support/tenant.ts";

/** A tenant that allows so many failures, by default three a minute for each client and address, and nine for each address. */
function tenantWith(perClient = "3/m", perAddress = "9/m", id = "default") {
  return testTenant({
    id,
    rateLimits: {
      ...NO_RATE_LIMITS,
      failed_authentication_per_client: parseRates(perClient) ?? [],
      failed_authentication_per_address: parseRates(perAddress) ?? [],
    },
  });
}

const owner: Attempt = { tenant: tenantWith(), role: "client", id: "web", isKnown: true, address: "192.0.2.1" };

/** How an attempt ends: with true or false as its secret is, or by the name of the limit. */
async function outcome(attempts: Attempts, attempt: Attempt, isRight = false): Promise<unknown> {
  try {
    return await attempts.make(attempt, async () => isRight);
  } catch (error) {
    if (!(error instanceof RateLimitedError)) throw error;
    return error.quotas.find(({ left }) => left === 0)?.limit;
  }
}

async function fail(attempts: Attempts, times: number, attempt: Attempt): Promise<void> {
  for (let i = 0; i < times; i++) expect(await outcome(attempts, attempt)).toBe(false);
}

const PER_CLIENT = "failed_authentication_per_client";
const PER_ADDRESS = "failed_authentication_per_address";

describe("attempts to authenticate", () => {
  it("are refused unchecked once so many have failed, right or wrong, until the next window", async () => {
    const clock = fakeClock();
    const attempts = new Attempts(clock);
    await fail(attempts, 3, owner);
    expect(await outcome(attempts, owner)).toBe(PER_CLIENT);
    const refused = attempts.make(owner, () => expect.unreachable());
    const { retryAfter } = await refused.then(
      () => expect.unreachable(),
      (error: RateLimitedError) => error,
    );
    clock.advance(retryAfter * 1000 - 1001);
    expect(await outcome(attempts, owner, true)).toBe(PER_CLIENT);
    clock.advance(1001);
    expect(await outcome(attempts, owner, true)).toBe(true);
  });

  it("are refused as of one reading of the clock, even if the window ends just then", async () => {
    const clock = fakeClock();
    const attempts = new Attempts({
      ...clock,
      now: () => {
        const now = clock.now();
        clock.advance(60_000);
        return now;
      },
    });
    const oneMinute = { ...owner, tenant: tenantWith("1/d") };
    await fail(attempts, 1, oneMinute);
    const hours = Array.from({ length: 48 * 60 }, () => outcome(attempts, oneMinute));
    expect(new Set(await Promise.all(hours))).toEqual(new Set([false, PER_CLIENT]));
  });

  it("are not counted if they succeed, or cannot be checked", async () => {
    const attempts = new Attempts(fakeClock());
    for (let i = 0; i < 50; i++) expect(await outcome(attempts, owner, true)).toBe(true);
    for (let i = 0; i < 50; i++) {
      await expect(attempts.make(owner, () => Promise.reject(new Error("the queue is full")))).rejects.toThrow("full");
    }
    await fail(attempts, 3, owner);
  });

  it("are told that they failed no more often than the limit allows, even if many are made at once", async () => {
    const attempts = new Attempts(fakeClock());
    const gate = Promise.withResolvers<boolean>();
    const made = Array.from({ length: 40 }, () => attempts.make(owner, () => gate.promise).catch(() => "limited"));
    gate.resolve(false);
    const outcomes = await Promise.all(made);
    expect(outcomes.filter((each) => each === false)).toHaveLength(3);
    expect(outcomes.filter((each) => each === "limited")).toHaveLength(37);
  });

  it.each<[string, Partial<Attempt>]>([
    ["address", { address: "192.0.2.2" }],
    ["network of IPv6", { address: "2001:db8:0:1::1" }],
    ["client", { id: "app" }],
    ["tenant", { tenant: tenantWith("3/m", "9/m", "acme") }],
    ["role", { role: "operator" }],
  ])("do not count for another %s", async (_, changes) => {
    const attempts = new Attempts(fakeClock());
    await fail(attempts, 3, owner);
    await fail(attempts, 3, { ...owner, address: "2001:db8::1" });
    expect(await outcome(attempts, { ...owner, ...changes }, true)).toBe(true);
  });

  it("count for all of an IPv6 network, however its addresses are written", async () => {
    const attempts = new Attempts(fakeClock());
    for (const address of ["2001:db8::1", "2001:DB8:0:0:ffff::", "2001:0db8:0000::2"])
      await fail(attempts, 1, { ...owner, address });
    expect(await outcome(attempts, { ...owner, address: "2001:db8::4" })).toBe(PER_CLIENT);
  });

  it("count for an operator in all tenants together: it is one secret", async () => {
    const attempts = new Attempts(fakeClock());
    const operator = { ...owner, role: "operator" } as const;
    for (const id of ["one", "two", "three"])
      await fail(attempts, 1, { ...operator, tenant: tenantWith("3/m", "9/m", id) });
    expect(await outcome(attempts, operator)).toBe(PER_CLIENT);
  });

  it("from nowhere are not counted", async () => {
    const attempts = new Attempts(fakeClock());
    await fail(attempts, 50, { ...owner, address: undefined });
  });

  it("are any number if the tenant says so", async () => {
    const attempts = new Attempts(fakeClock());
    await fail(attempts, 50, { ...owner, tenant: testTenant() });
  });

  describe("from one address, whoever they name,", () => {
    const spray = async (attempts: Attempts) => {
      for (let i = 0; i < 9; i++) await fail(attempts, 1, { ...owner, id: `client ${i}` });
    };

    it("are refused unchecked once so many have failed", async () => {
      const attempts = new Attempts(fakeClock());
      await spray(attempts);
      expect(await outcome(attempts, owner, true)).toBe(PER_ADDRESS);
      expect(await outcome(attempts, { ...owner, address: "192.0.2.2" }, true)).toBe(true);
    });

    it("do not hold up a client that has proven there who it is", async () => {
      const attempts = new Attempts(fakeClock());
      expect(await outcome(attempts, owner, true)).toBe(true);
      await spray(attempts);
      expect(await outcome(attempts, owner, true)).toBe(true);
    });

    it("hide whether such a client's secret is checked, and end that after as many as it may fail itself", async () => {
      const attempts = new Attempts(fakeClock());
      expect(await outcome(attempts, owner, true)).toBe(true);
      await spray(attempts);
      for (let i = 0; i < 3; i++) {
        expect(await outcome(attempts, owner, true)).toBe(true);
        expect(await outcome(attempts, owner)).toBe(PER_ADDRESS);
      }
      expect(await outcome(attempts, owner, true)).toBe(PER_ADDRESS);
    });
  });

  it("need no more memory than what so many sources need, however many there are", async () => {
    const attempts = new Attempts(fakeClock());
    await fail(attempts, 3, owner);
    // Two counts for each source, of 16 384.
    for (let i = 0; i < 9000; i++) {
      await attempts.make(
        { ...owner, address: `2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::` },
        async () => false,
      );
    }
    await fail(attempts, 1, owner);
  });

  it("do not need much memory for a long id: those that begin alike count together", async () => {
    const attempts = new Attempts(fakeClock());
    const long = "x".repeat(1024);
    for (let i = 0; i < 3; i++) await fail(attempts, 1, { ...owner, id: long + i });
    expect(await outcome(attempts, { ...owner, id: long })).toBe(PER_CLIENT);
  });

  describe("look alike to whoever guesses, whether somebody of that id is configured or not:", () => {
    /** What an attacker does from its address, or what happens in the meantime. `target` is the id that may exist. */
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant("guess" as const) },
      { weight: 3, arbitrary: fc.constantFrom("another id" as const, "another address" as const) },
      { weight: 2, arbitrary: fc.constant("the target signs in" as const) },
      { weight: 1, arbitrary: fc.nat({ max: 90_000 }) },
    );
    const rates = fc.constantFrom("1/m", "3/m", "2/s, 4/m", "unlimited");

    /** What the attacker gets to see of each of its steps. */
    async function seen(steps: readonly (string | number)[], attempt: Attempt): Promise<readonly unknown[]> {
      const clock = fakeClock();
      const attempts = new Attempts(clock);
      const seen: unknown[] = [];
      const look = async (changes: Partial<Attempt>) => {
        const error = await attempts.make({ ...attempt, ...changes }, async () => false).catch((error) => error);
        seen.push(error instanceof RateLimitedError ? [error.message, rateLimitHeaders(error)] : error);
      };
      for (const [index, step] of steps.entries()) {
        if (typeof step === "number") clock.advance(step);
        else if (step === "guess") await look({});
        else if (step === "another id") await look({ id: `junk ${index % 3}`, isKnown: false });
        else if (step === "another address") await look({ address: "192.0.2.2" });
        else if (attempt.isKnown) await attempts.make(attempt, async () => true).catch(() => undefined);
      }
      return seen;
    }

    it.each(["client", "operator"] as const)("refusals of the %s", async (role) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), rates, rates, async (steps, perClient, perAddress) => {
          const attempt = { ...owner, role, tenant: tenantWith(perClient, perAddress) };
          const unknown = await seen(steps, { ...attempt, isKnown: false });
          expect(await seen(steps, { ...attempt, isKnown: true })).toEqual(unknown);
        }),
        { numRuns: 300 },
      );
    });
  });
});
