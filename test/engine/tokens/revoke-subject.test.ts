import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TokenSet } from "../../../src/engine/request.ts";
import type { Store } from "../../../src/store/port.ts";
import { LONGEST_LIFETIMES } from "../../../src/token/lifetimes.ts";
import type { FakeClock } from "../../support/clock.ts";
import { testContext } from "../../support/context.ts";
import { createMemoryStore } from "../../support/memory-store.ts";
import { refusalOf } from "../../support/refusal.ts";
import { CLIENT_ID, OPERATOR_ID, SECRET, testClient, testTenant } from "../../support/tenant.ts";

const SKEW = 50;
const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };

/** True time, which nobody reads: every node's clock is off it by a little. */
class TrueTime {
  now = Date.UTC(2026, 0, 1);

  pass(milliseconds: number): void {
    this.now += milliseconds;
  }

  clock(offset: number): FakeClock {
    return {
      advance: (milliseconds) => this.pass(milliseconds),
      now: () => this.now + offset,
      past: async (instant) => {
        this.now = Math.max(this.now, instant - offset + 1);
      },
    };
  }
}

/** A store that takes its time before and after it writes a revocation, while something else happens. */
function slowStore(time: TrueTime, delays: readonly number[], meanwhile: () => Promise<void>): Store {
  const store = createMemoryStore();
  const left = [...delays];
  return {
    ...store,
    maxClockSkew: SKEW,
    forTenant(tenant) {
      const { revocations, ...rest } = store.forTenant(tenant);
      return {
        ...rest,
        revocations: {
          ...revocations,
          async raise(revocation) {
            time.pass(left.shift() ?? 0);
            await meanwhile();
            await revocations.raise(revocation);
            time.pass(left.shift() ?? 0);
          },
        },
      };
    },
  };
}

const offset = fc.integer({ min: -SKEW / 2, max: SKEW / 2 });
const delays = fc.array(fc.nat(200), { minLength: 4, maxLength: 4 });

describe("a subject's revocation", () => {
  it("kills all that was minted before it and nothing that is minted after it, on nodes whose clocks disagree", async () => {
    await fc.assert(
      fc.asyncProperty(offset, offset, delays, fc.nat(3), async (one, other, storeDelays, elapsed) => {
        const time = new TrueTime();
        let beside: (() => Promise<void>) | undefined;
        const store = slowStore(time, storeDelays, async () => beside?.());
        const nodes = await Promise.all(
          [one, other].map((by) => testContext(testTenant(), store, undefined, time.clock(by))),
        );
        const mint = (node: number) =>
          nodes[node]?.engine.mint(credentials, {
            grantType: "arbitrary_no_subject",
            arbitraryClaims: { sub: "someone" },
            scopes: ["offline_access"],
          });

        const before = await Promise.all([mint(0), mint(1)]);
        time.pass(elapsed);
        const refreshed: (TokenSet | undefined)[] = [];
        beside = async () => {
          // Once the first revocation is durable it is refused.
          const refreshing = nodes[1]?.engine.refresh(credentials, { refreshToken: before[1]?.refreshToken });
          await refreshing?.then(
            (tokens) => refreshed.push(tokens),
            () => undefined,
          );
        };
        await nodes[0]?.engine.revoke(credentials, { token: "someone", tokenTypeHint: "subject" });
        beside = undefined;
        const after = await Promise.all([mint(0), mint(1)]);

        for (const node of nodes) {
          const active = async (token: string | undefined) =>
            (await node.engine.introspect(credentials, { token })).active;
          for (const tokens of [...before, ...refreshed]) {
            expect([await active(tokens?.accessToken), await active(tokens?.refreshToken)]).toEqual([false, false]);
          }
          for (const tokens of after) {
            expect([await active(tokens?.accessToken), await active(tokens?.refreshToken)]).toEqual([true, true]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("what is minted from what a revocation ends", () => {
  const grant = { grantType: "arbitrary_resource_owner", arbitraryClaims: {}, scopes: ["offline_access"] };

  it.each([0, 10, 24, 25, 26, 100, 249])(
    "ends too, link by link, though every write takes %i ms and the next link is made meanwhile",
    async (delay) => {
      const time = new TrueTime();
      const chain: TokenSet[] = [];
      const store = slowStore(
        time,
        Array.from({ length: 20 }, () => delay),
        async () => {
          const accessToken = chain.at(-1)?.accessToken;
          const next = context.engine.mint(credentials, { ...grant, accessToken });
          await next.then(
            (tokens) => chain.push(tokens),
            () => undefined,
          );
        },
      );
      const context = await testContext(testTenant(), store, undefined, time.clock(0));
      chain.push(await context.engine.mint(credentials, { ...grant, subject: "someone" }));
      await context.engine.revoke(credentials, { token: "someone", tokenTypeHint: "subject" });
      expect(chain.length).toBeGreaterThan(1);
      for (const { accessToken, refreshToken } of chain) {
        for (const token of [accessToken, refreshToken])
          expect(await context.engine.introspect(credentials, { token })).toEqual({ active: false });
      }
      const { accessToken } = await context.engine.mint(credentials, { ...grant, subject: "someone" });
      expect(await context.engine.introspect(credentials, { token: accessToken })).toMatchObject({ active: true });
    },
  );

  it("cannot be derived from an id_token either, though that lives longer than any grant", async () => {
    const lifetimes = {
      absoluteRefreshTokenLifetime: 3600,
      slidingRefreshTokenLifetime: 3600,
      accessTokenLifetime: 60,
    };
    const client = testClient({ ...lifetimes, idTokenLifetime: 86_400 });
    const rows = createMemoryStore();
    const { engine, clock } = await testContext(testTenant({}, [client]), rows);
    const request = { grantType: "arbitrary_identity", subject: "someone", scopes: [] };
    const { idToken } = await engine.mint(credentials, request);
    clock.advance(1000);
    await engine.revoke(credentials, { token: "someone", tokenTypeHint: "subject" });
    clock.advance(86_000_000);
    await rows.sweep(clock.now(), 100);
    const exchange = {
      grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
      subjectToken: idToken,
      subjectTokenType: "urn:ietf:params:oauth:token-type:id_token",
    };
    expect(await refusalOf(engine.mint(credentials, exchange))).toMatchObject({ code: "invalid_request" });
  });

  it("is not said to have ended while the store is too slow to tell", async () => {
    const time = new TrueTime();
    const store = slowStore(
      time,
      Array.from({ length: 20 }, () => 600),
      async () => undefined,
    );
    const context = await testContext(testTenant(), store, undefined, time.clock(0));
    const refused = context.engine.revoke(credentials, { token: "someone", tokenTypeHint: "subject" });
    expect(await refusalOf(refused)).toMatchObject({ code: "temporarily_unavailable" });
  });
});

describe("the lifetimes that are recorded", () => {
  it("keep refresh keys for as long as reference tokens live, though no client has refresh tokens", async () => {
    const client = testClient({
      allowOfflineAccess: false,
      absoluteRefreshTokenLifetime: 0,
      slidingRefreshTokenLifetime: 0,
      refreshGrace: 0,
      accessTokenType: "reference",
      accessTokenLifetime: 86_400,
    });
    const context = await testContext(testTenant({}, [client]));
    const operator = { authorization: `Basic ${Buffer.from(`${OPERATOR_ID}:${SECRET}`).toString("base64")}` };
    const mint = { grantType: "arbitrary_resource_owner", subject: "someone", arbitraryClaims: {} };
    const token = (await context.engine.mint(credentials, mint)).accessToken;
    // What keepFor adds to the rest, for keys of refresh tokens.
    expect(await context.store.meta.read(LONGEST_LIFETIMES.grant)).toBe(86_400);
    await context.engine.rotate(operator, { use: "refresh", mode: "immediate" });
    context.clock.advance(86_399_000 - 123);
    expect((await context.engine.introspect(credentials, { token })).active).toBe(true);
  });
});
