import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { Quotas } from "../../src/engine/quotas.ts";
import type { MintRequest } from "../../src/engine/request.ts";
import { fakeClock, fakeMachine } from "../support/clock.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { type FailingStore, failingStore } from "../support/failing-store.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const other = { clientId: "other", clientSecret: SECRET };

let store: FailingStore;
let context: TestContext;
beforeEach(async () => {
  store = failingStore(createMemoryStore());
  const quotas = { maxGrants: 2, maxReferenceTokens: 3, maxRevocations: 2, maxTokenBytes: 2_000 };
  const clients = [testClient(quotas), testClient({ id: "other" })];
  context = await testContext(testTenant({}, clients), store);
});

const mint = (request: MintRequest = {}, by = credentials) =>
  context.engine.mint(by, {
    grantType: "arbitrary_resource_owner",
    subject: "someone",
    scopes: ["a"],
    arbitraryClaims: {},
    accessTokenLifetime: 600,
    ...request,
  });
const grant = (by = credentials) => mint({ scopes: ["offline_access"] }, by);
const reference = (by = credentials) => mint({ accessTokenType: "reference" }, by);
const revoke = (token = "", hint?: string, revokeAllSubjects = false) =>
  context.engine.revoke(credentials, { token, tokenTypeHint: hint, revokeAllSubjects });

/** How many of some calls, all begun before any of them was answered, were refused. */
async function refusals(calls: number, call: () => Promise<unknown>): Promise<number> {
  const outcomes = await Promise.allSettled(Array.from({ length: calls }, call));
  return outcomes.filter(({ status }) => status === "rejected").length;
}

const refused = (what: string, most: number, quota: string) => ({
  code: "access_denied",
  message: `This client has as many ${what} as it may: ${most} (${quota}). Wait until some have ended.`,
});
const NO_MORE_GRANTS = refused("grants", 2, "maxGrants");
const NO_MORE_REFERENCES = refused("reference tokens", 3, "maxReferenceTokens");
const NO_MORE_REVOCATIONS = refused("revocations", 2, "maxRevocations");

describe("a quota of grants", () => {
  it("is held to before anything is written, and stops nobody else and nothing else", async () => {
    const [first] = [await grant(), await grant()];
    store.calls.length = 0;
    expect(await refusalOf(grant())).toEqual(NO_MORE_GRANTS);
    expect(store.calls).toEqual([]);
    await mint();
    await grant(other);
    await context.engine.refresh(credentials, { refreshToken: first.refreshToken });
  });

  it("is free again once a grant's row is over", async () => {
    await grant();
    await grant();
    context.clock.advance(15 * 86_400_000 - 1);
    expect(await refusalOf(grant())).toEqual(NO_MORE_GRANTS);
    context.clock.advance(5_001);
    await grant();
  });

  it("holds for all who come at once, be nothing counted yet or all taken", async () => {
    expect(await refusals(40, grant)).toBe(38);
    expect(await refusals(40, grant)).toBe(40);
    context.clock.advance(5_000);
    expect(await refusals(40, grant)).toBe(40);
    expect(store.calls.filter((call) => call === "families.count")).toHaveLength(2);
  });

  it("is not used up by what is refused for something else", async () => {
    const tooLarge = { scopes: ["offline_access"], arbitraryClaims: { long: "x".repeat(2_000) } };
    for (let time = 0; time < 3; time++)
      expect(await refusalOf(mint(tooLarge))).toMatchObject({ code: "invalid_request" });
    await grant();
    const both = () => mint({ scopes: ["offline_access"], accessTokenType: "reference" });
    for (let time = 0; time < 3; time++) await reference();
    for (let time = 0; time < 3; time++) expect(await refusalOf(both())).toEqual(NO_MORE_REFERENCES);
    await grant();
  });

  it("counts again if the store could not say", async () => {
    store.failNext("families.count", "refused");
    expect(await refusalOf(grant())).toMatchObject({ code: "temporarily_unavailable" });
    expect(await refusals(3, grant)).toBe(1);
  });

  it("counts what other nodes let through before long", async () => {
    const node = await testContext(context.tenant, store, undefined, context.clock);
    await grant();
    await node.engine.mint(credentials, { grantType: "arbitrary_identity", subject: "x", scopes: ["offline_access"] });
    context.clock.advance(5_000);
    expect(await refusalOf(grant())).toEqual(NO_MORE_GRANTS);
  });
});

describe("a quota of reference tokens", () => {
  it("counts those of mints and of refreshes, and is free again once they have expired", async () => {
    const { refreshToken } = await mint({ scopes: ["offline_access"], accessTokenType: "reference" });
    await reference();
    const next = await context.engine.refresh(credentials, { refreshToken });
    expect(await refusalOf(reference())).toEqual(NO_MORE_REFERENCES);
    const again = { refreshToken: next.refreshToken };
    expect(await refusalOf(context.engine.refresh(credentials, again))).toEqual(NO_MORE_REFERENCES);
    await reference(other);
    await mint();
    context.clock.advance(600_000);
    await context.engine.refresh(credentials, again);
  });
});

describe("a quota of revocations", () => {
  it("counts new ones, and neither one that is repeated nor the end of a grant", async () => {
    const [one, two, three] = [await mint(), await mint(), await mint()];
    const [grantOne, grantTwo] = [await grant(), await grant()];
    await revoke(one.accessToken);
    await revoke("someone else", "subject");
    expect(await refusalOf(revoke(two.accessToken))).toEqual(NO_MORE_REVOCATIONS);
    expect(await refusalOf(revoke("a third", "subject"))).toEqual(NO_MORE_REVOCATIONS);
    await revoke(one.accessToken);
    await revoke("someone else", "subject");
    await revoke(grantOne.refreshToken ?? "");
    await revoke(grantTwo.accessToken);
    for (const { accessToken } of [one, grantOne, grantTwo])
      expect(await context.engine.introspect(credentials, { token: accessToken })).toEqual({ active: false });
    expect(await context.engine.introspect(credentials, { token: three.accessToken })).toMatchObject({ active: true });
  });

  it("counts one that many ask for at once as the one row that it is", async () => {
    expect(await refusals(8, () => revoke("bob", "subject"))).toBe(0);
    const { accessToken } = await mint();
    expect(await refusals(8, () => revoke(accessToken))).toBe(0);
    expect(await refusalOf(revoke("a third", "subject"))).toEqual(NO_MORE_REVOCATIONS);
    expect(await refusals(8, () => revoke("bob", "subject"))).toBe(0);
  });

  it("counts a subject's two for a namespace, or none", async () => {
    const spacious = await testContext(testTenant({}, [testClient({ maxRevocations: 3, namespace: "group" })]), store);
    const revokeAll = (token: string) =>
      spacious.engine.revoke(credentials, { token, tokenTypeHint: "subject", revokeAllSubjects: true });
    await revokeAll("one");
    expect(await refusalOf(revokeAll("two"))).toMatchObject({ code: "access_denied" });
    await spacious.engine.revoke(credentials, { token: "two", tokenTypeHint: "subject" });
  });

  it("ends no part of what a refused revocation asks for, so that it can be asked for again", async () => {
    const { refreshToken, accessToken } = await grant();
    await revoke("one", "subject");
    await revoke("two", "subject");
    expect(await refusalOf(revoke(refreshToken, undefined, true))).toEqual(NO_MORE_REVOCATIONS);
    expect(await context.engine.introspect(credentials, { token: accessToken })).toMatchObject({ active: true });
    await revoke(refreshToken);
    expect(await context.engine.introspect(credentials, { token: accessToken })).toEqual({ active: false });
  });

  it("is no operator's", async () => {
    await revoke("one", "subject");
    await revoke("two", "subject");
    const operator = { authorization: `Basic ${Buffer.from(`operator:${SECRET}`).toString("base64")}` };
    const { accessToken } = await mint();
    await context.engine.revokeClient(operator, { client: CLIENT_ID });
    expect(await context.engine.introspect(credentials, { token: accessToken })).toEqual({ active: false });
  });
});

it("a client without quotas is not counted", async () => {
  store.calls.length = 0;
  await mint({ scopes: ["offline_access"], accessTokenType: "reference" }, other);
  expect(store.calls.filter((call) => call.endsWith(".count"))).toEqual([]);
});

it("goes on counting when the clock is set back", async () => {
  const machine = fakeMachine();
  const quotas = new Quotas(systemClock(machine), machine);
  const take = () => quotas.take({ maxGrants: 1 }, testClient({ maxGrants: 1 }), context);
  await take();
  expect(await refusalOf(take())).toMatchObject({ code: "access_denied" });
  machine.set(-3_600_000);
  machine.pass(5_000);
  await take();
});

it("takes at most a hundredth of the time, however long a count takes", async () => {
  const machine = fakeMachine();
  const quotas = new Quotas(systemClock(machine), machine);
  let counts = 0;
  const count = async () => {
    counts += 1;
    machine.pass(100);
    return 0;
  };
  const slow = { ...context, store: { ...context.store, families: { ...context.store.families, count } } };
  const take = () => quotas.take({ maxGrants: 1 }, testClient({ maxGrants: 1_000 }), slow);
  await take();
  machine.pass(9_999);
  await take();
  expect(counts).toBe(1);
  machine.pass(1);
  await take();
  expect(counts).toBe(2);
});

describe("several nodes that mint at once, whenever they come", () => {
  const MOST = 5;
  const NODES = 3;
  const step = fc.record({ node: fc.nat(NODES - 1), calls: fc.integer({ min: 1, max: 8 }), wait: fc.nat(6_000) });

  it("have no more than they may, but for what each lets through between two counts", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const shared = createMemoryStore();
        const tenant = testTenant({}, [testClient({ maxGrants: MOST })]);
        const clock = fakeClock();
        const nodes = await Promise.all(
          Array.from({ length: NODES }, () => testContext(tenant, shared, undefined, clock)),
        );
        const grants = () => shared.forTenant(tenant.id).families.count(CLIENT_ID, clock.now(), 1_000);
        for (const { node, calls, wait } of steps) {
          const before = await grants();
          const request = { grantType: "arbitrary_identity", subject: "x", scopes: ["offline_access"] };
          const refused = await refusals(calls, async () => nodes[node]?.engine.mint(credentials, request));
          const added = calls - refused;
          expect(await grants()).toBe(before + added);
          expect(added).toBeLessThanOrEqual(MOST);
          // Nobody is refused who is below his quota: nothing ends here, so no count is too high.
          if (before < MOST) expect(added).toBeGreaterThanOrEqual(Math.min(calls, MOST - before));
          clock.advance(wait);
        }
        expect(await grants()).toBeLessThanOrEqual(MOST * NODES);
      }),
      { numRuns: 30 },
    );
  });
});
