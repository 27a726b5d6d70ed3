import { describe, expect, it } from "vitest";
import type { TokenSet } from "../../src/engine/request.ts";
import type { Store } from "../../src/store/port.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { type FailingStore, type Failure, failingStore } from "../support/failing-store.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET } from "../support/tenant.ts";

const HOUR = 3_600_000;
const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };

/** How a call goes wrong, and for how long the store is away then, in milliseconds: the grace is 10 seconds. */
const outages: readonly (readonly [Failure, number])[] = [
  ["refused", HOUR],
  ["lost", HOUR],
  // An update that is on its way arrives before long, or never.
  ["late", 25_000],
];

/** What may happen between the store's return and the client's retry. */
const returns: readonly (readonly [string, (scene: Scene) => Promise<void>])[] = [
  ["the retry comes first", ({ store }) => store.arrive()],
  [
    "the node settles it by itself",
    async ({ store, context }) => {
      await store.arrive();
      await context.uncertainRefreshes.reconcileAll();
    },
  ],
  [
    "the node looks before a late update arrives",
    async ({ store, context }) => {
      await context.uncertainRefreshes.reconcileAll();
      await store.arrive();
    },
  ],
];

interface Scene {
  readonly store: FailingStore;
  readonly context: TestContext;
  /** What the client was told at first, and holds. */
  readonly first: TokenSet;
  /** A node that comes later: it knows what is durable, and nothing else. */
  another(): Promise<TestContext>;
}

async function openScene(accessTokenType: string): Promise<Scene> {
  const memory: Store = createMemoryStore();
  const store = failingStore(memory);
  const context = await testContext(undefined, store);
  const first = await context.engine.mint(credentials, {
    grantType: "arbitrary_resource_owner",
    subject: "someone",
    scopes: ["offline_access"],
    arbitraryClaims: {},
    accessTokenType,
  });
  return { store, context, first, another: () => testContext(undefined, memory, undefined, context.clock) };
}

const refresh = ({ engine }: TestContext, { refreshToken }: TokenSet) => engine.refresh(credentials, { refreshToken });

/** The store's calls of a refresh that goes well. */
async function callsOfRefresh(accessTokenType: string): Promise<readonly string[]> {
  const { store, context, first } = await openScene(accessTokenType);
  const before = store.calls.length;
  await refresh(context, first);
  return store.calls.slice(before);
}

/**
 * Refreshes while the call of that index goes wrong and the store is away; then it is back. Resolves to false if the
 * refresh has fewer calls, and so went well.
 */
async function refreshInOutage({ store, context, first }: Scene, index: number, failure: Failure, duration: number) {
  store.failLater(index, failure, true);
  const answer = refresh(context, first);
  if (await answer.then(Boolean, () => false)) return false;
  for (const refused of [answer, refresh(context, first)]) {
    expect(await refusalOf(refused)).toMatchObject({ code: "temporarily_unavailable" });
  }
  expect(store.away).toBe(true);
  await context.uncertainRefreshes.reconcileAll();
  context.clock.advance(duration);
  store.away = false;
  return true;
}

/** The client retries with what it was told last, and gets on; what it is told then is durable. */
async function getOn({ context, first, another }: Scene): Promise<void> {
  const next = await refresh(context, first);
  expect(next.refreshToken).not.toBe(first.refreshToken);
  const other = await another();
  for (const token of [next.accessToken, next.refreshToken]) {
    expect(await other.engine.introspect(credentials, { token })).toMatchObject({ active: true });
  }
  await refresh(context, await refresh(other, next));
}

const types = ["jwt", "reference"] as const;
const cases = (await Promise.all(types.map(async (type) => ({ type, calls: await callsOfRefresh(type) })))).flatMap(
  ({ type, calls }) =>
    calls.flatMap((call, index) => outages.map(([failure, duration]) => ({ type, call, index, failure, duration }))),
);

it("every call of a refresh is made to fail", () => {
  const named = (type: string) => new Set(cases.filter((each) => each.type === type).map(({ call }) => call));
  expect(named("jwt")).toEqual(new Set(["families.find", "revocations.find", "families.advance"]));
  expect(named("reference")).toContain("referenceTokens.create");
});

describe.each(cases)(
  "a refresh ($type) whose $call is $failure, and the store away for longer than the grace",
  (each) => {
    const { type, index, failure, duration } = each;

    it.each(returns)("locks nobody out: %s", async (_, comesBack) => {
      const scene = await openScene(type);
      expect(await refreshInOutage(scene, index, failure, duration)).toBe(true);
      await comesBack(scene);
      await getOn(scene);
    });

    it.each(returns)("locks nobody out if the retry fares no better: %s", async (_, comesBack) => {
      const retries = (await callsOfRefresh(type))
        .keys()
        .flatMap((second) => [[second, "refused"] as const, [second, "lost"] as const]);
      for (const [second, again] of retries) {
        const scene = await openScene(type);
        await refreshInOutage(scene, index, failure, duration);
        await comesBack(scene);
        if (!(await refreshInOutage(scene, second, again, HOUR))) continue;
        await comesBack(scene);
        await getOn(scene);
      }
    });
  },
);

it("once the retry has been answered, its token is as old as any, whatever happens to the store", async () => {
  const scene = await openScene("jwt");
  const { store, context, first } = scene;
  await refreshInOutage(scene, (await callsOfRefresh("jwt")).indexOf("families.advance"), "lost", HOUR);
  await refresh(context, first);
  context.clock.advance(10_000);
  store.away = true;
  expect(await refusalOf(refresh(context, first))).toMatchObject({ code: "temporarily_unavailable" });
  store.away = false;
  await context.uncertainRefreshes.reconcileAll();
  expect(await refusalOf(refresh(context, first))).toMatchObject({ code: "invalid_grant" });
});
