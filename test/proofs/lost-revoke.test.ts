import { describe, expect, it } from "vitest";
import type { RevokeRequest, TokenSet } from "../../src/engine/request.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { type FailingStore, type Failure, failingStore } from "../support/failing-store.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { SECRET, testClient, testTenant } from "../support/tenant.ts";

const HOUR = 3_600_000;
const UNAVAILABLE = { code: "temporarily_unavailable" };
const credentialsOf = (clientId: string) => ({ clientId, clientSecret: SECRET });
const tenant = testTenant(
  {},
  ["one", "sibling", "stranger"].map((id) => testClient({ id, ...(id !== "stranger" && { namespace: "group" }) })),
);

/** A token that somebody holds, by what it was told with. */
type Holding = readonly [client: string, tokens: TokenSet];

interface Scene {
  readonly store: FailingStore;
  readonly context: TestContext;
  /** The caller's own grant; another of the same subject; one of a client of the same namespace; and two others. */
  readonly own: Holding;
  readonly other: Holding;
  readonly sibling: Holding;
  readonly stranger: Holding;
  readonly otherSubject: Holding;
  /** A node that comes later: it knows what is durable, and nothing else. */
  another(): Promise<TestContext>;
}

async function openScene(accessTokenType: string): Promise<Scene> {
  const memory = createMemoryStore();
  const store = failingStore(memory);
  const context = await testContext(tenant, store);
  const mint = async (client: string, subject = "someone"): Promise<Holding> => {
    const tokens = await context.engine.mint(credentialsOf(client), {
      grantType: "arbitrary_resource_owner",
      subject,
      scopes: ["offline_access"],
      arbitraryClaims: {},
      accessTokenType,
    });
    return [client, tokens];
  };
  return {
    store,
    context,
    own: await mint("one"),
    other: await mint("one"),
    sibling: await mint("sibling"),
    stranger: await mint("stranger"),
    otherSubject: await mint("one", "someone else"),
    another: () => testContext(tenant, memory, undefined, context.clock),
  };
}

/** A way to revoke: what is asked for, and whose tokens end by it. */
interface Way {
  readonly name: string;
  request(own: TokenSet): RevokeRequest;
  ends(scene: Scene): readonly Holding[];
}

const accessToken: Way = {
  name: "an access token",
  request: (own) => ({ token: own.accessToken }),
  ends: ({ own }) => [own],
};
const refreshToken: Way = {
  name: "a refresh token",
  request: (own) => ({ token: own.refreshToken }),
  ends: ({ own }) => [own],
};
const subject: Way = {
  name: "a subject",
  request: () => ({ token: "someone", tokenTypeHint: "subject" }),
  ends: ({ own, other }) => [own, other],
};

/** The same way, for all clients of the namespace. */
function everywhere(way: Way): Way {
  return {
    name: `${way.name} with revoke_all_subjects`,
    request: (own) => ({ ...way.request(own), revokeAllSubjects: true }),
    ends: ({ own, other, sibling }) => [own, other, sibling],
  };
}

const ways = [accessToken, refreshToken, subject].flatMap((way) => [way, everywhere(way)]);
const failures: readonly Failure[] = ["refused", "lost", "late"];

const revoke = ({ context, own }: Scene, way: Way) => context.engine.revoke(credentialsOf("one"), way.request(own[1]));

/** The store's calls of a revocation that goes well. */
async function callsOfRevoke(type: string, way: Way): Promise<readonly string[]> {
  const scene = await openScene(type);
  const before = scene.store.calls.length;
  await revoke(scene, way);
  return scene.store.calls.slice(before);
}

/** Whether the two tokens of a holding are active on a node. */
async function areActive({ engine }: TestContext, [client, tokens]: Holding): Promise<readonly boolean[]> {
  const shown = [tokens.accessToken, tokens.refreshToken].map((token) =>
    engine.introspect(credentialsOf(client), { token }),
  );
  return (await Promise.all(shown)).map(({ active }) => active);
}

/** Fails unless exactly what the way ends has ended, on every node. */
async function expectEnded(scene: Scene, way: Way): Promise<void> {
  const { own, other, sibling, stranger, otherSubject } = scene;
  const ended = way.ends(scene);
  for (const node of [scene.context, await scene.another()]) {
    for (const holding of [own, other, sibling, stranger, otherSubject]) {
      const active = !ended.includes(holding);
      expect(await areActive(node, holding)).toEqual([active, active]);
    }
  }
}

describe.each(["jwt", "reference"])("a revocation (%s)", (type) => {
  describe.each(ways)("of $name", (way) => {
    it("ends what it should if nothing goes wrong", async () => {
      const scene = await openScene(type);
      await revoke(scene, way);
      await expectEnded(scene, way);
    });

    it.each(failures)("kills when it is tried again, whichever call was %s", async (failure) => {
      const calls = await callsOfRevoke(type, way);
      expect(calls.length).toBeGreaterThan(0);
      for (const index of calls.keys()) {
        const scene = await openScene(type);
        scene.store.failLater(index, failure, false);
        expect(await refusalOf(revoke(scene, way))).toMatchObject(UNAVAILABLE);
        await revoke(scene, way);
        await scene.store.arrive();
        await expectEnded(scene, way);
      }
    });

    it.each(failures)(
      "kills when it is tried again, though the store went away when a call was %s",
      async (failure) => {
        for (const index of (await callsOfRevoke(type, way)).keys()) {
          const scene = await openScene(type);
          scene.store.failLater(index, failure, true);
          for (const _ of ["at first", "again, while the store is away"]) {
            expect(await refusalOf(revoke(scene, way))).toMatchObject(UNAVAILABLE);
          }
          scene.context.clock.advance(HOUR);
          scene.store.away = false;
          await revoke(scene, way);
          await scene.store.arrive();
          await expectEnded(scene, way);
        }
      },
    );
  });
});
