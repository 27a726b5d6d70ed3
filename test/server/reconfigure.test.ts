import { beforeEach, describe, expect, it } from "vitest";
import type { TenantEngine } from "../../src/engine/port.ts";
import type { Client } from "../../src/registry/tenant.ts";
import { StoreUnavailableError } from "../../src/store/port.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { failingStore } from "../support/failing-store.ts";
import { isForgotten } from "../support/garbage.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, fileOf, sha256Secret, testClient, testTenant } from "../support/tenant.ts";

/** A configuration whose client has a secret and a scope of its own, so that a mixture of two can be told. */
const configured = (name: string, client: Partial<Client> = {}) =>
  testTenant({}, [testClient({ secrets: [sha256Secret(name)], scopes: new Set([name]), ...client })]);

let context: TestContext;
beforeEach(async () => {
  context = await testContext(configured("one"));
});

const mint = (secret: string, scope: string) =>
  context.engine.mint(
    { clientId: CLIENT_ID, clientSecret: secret },
    { grantType: "arbitrary_identity", subject: "someone", scopes: [scope] },
  );

describe("a changed configuration", () => {
  it("counts for every operation that begins after it, and no mixture of two ever does", async () => {
    const names = ["one", "two"];
    const [first, second] = [configured("one"), configured("two")];
    const outcomes: { secret: string; scope: string; outcome: Promise<string> }[] = [];
    // An odd number, so that it ends with the second one.
    for (let round = 0; round < 51; round++) {
      for (const secret of names) {
        for (const scope of names) {
          const outcome = mint(secret, scope).then(
            () => "minted",
            (error: { readonly code: string }) => error.code,
          );
          outcomes.push({ secret, scope, outcome });
        }
      }
      await context.node.reconfigure(fileOf(round % 2 === 0 ? second : first));
    }
    const minted = { one: 0, two: 0 };
    for (const { secret, scope, outcome } of outcomes) {
      const told = await outcome;
      if (told === "minted") minted[secret === "one" ? "one" : "two"] += 1;
      // A right secret with another configuration's scope is refused for the scope; a wrong one for the secret.
      expect(secret === scope ? ["minted", "invalid_client"] : ["invalid_scope", "invalid_client"]).toContain(told);
    }
    expect(minted.one).toBeGreaterThanOrEqual(20);
    expect(minted.two).toBeGreaterThanOrEqual(20);
    await mint("two", "two");
    expect(await refusalOf(mint("one", "one"))).toMatchObject({ code: "invalid_client" });
  });

  it("reaches keys and metadata too", async () => {
    const changed = { ...configured("one"), refreshKeyRotateEvery: 1 };
    await context.node.reconfigure(fileOf({ ...changed, signing: { ...changed.signing, algorithm: "EdDSA" } }));
    await context.node.pollKeys();
    const keys = context.keyring.describe(context.clock.now()).filter(({ use }) => use === "signing");
    expect(keys.at(-1)).toMatchObject({ algorithm: "EdDSA", state: "pending" });
    expect(context.node.engine.forTenant("default")?.tenant.signing.algorithm).toBe("EdDSA");
  });

  it("serves a tenant no more that it leaves out", async () => {
    await context.node.reconfigure(fileOf());
    expect(context.node.engine.forTenant("default")).toBeUndefined();
    expect(await refusalOf(mint("one", "one"))).toEqual({
      code: "invalid_request",
      message: "There is no such tenant.",
    });
    await context.node.pollKeys();
  });

  it("makes no keys for a tenant that it leaves out, and has read them once it is back", async () => {
    const { node, clock, keyring } = context;
    const generations = () => keyring.describe(clock.now()).length;
    const before = generations();
    await node.reconfigure(fileOf());
    clock.advance(365 * 86_400_000);
    await node.pollKeys();
    for (const job of node.jobs.filter(({ name }) => name === "poll keys")) await job.run();
    expect(generations()).toBe(before);
    await node.reconfigure(fileOf(configured("one")));
    await mint("one", "one");
    await node.pollKeys();
    expect(generations()).toBeGreaterThan(before);
  });

  it("forgets a tenant that it leaves out, but for the policy of its keys", async () => {
    async function swapIn() {
      const changed = configured("two");
      await context.node.reconfigure(fileOf(changed));
      await mint("two", "two");
      return new WeakRef(changed);
    }
    const leftOut = await swapIn();
    await context.node.reconfigure(fileOf());
    expect(await isForgotten(leftOut)).toBe(true);
    expect(context.keyring.describe(context.clock.now())).not.toEqual([]);
  });

  describe("with a new tenant", () => {
    const added = { ...configured("new"), id: "new", issuer: "https://new.example" };

    it("serves it with keys of its own, which the node looks after", async () => {
      await context.node.reconfigure(fileOf(configured("one"), added));
      const engine = context.node.engine.forTenant("new");
      const caller = { clientId: CLIENT_ID, clientSecret: "new" };
      const tokens = await engine?.mint(caller, {
        grantType: "arbitrary_identity",
        subject: "someone",
        scopes: ["new"],
      });
      expect(claimsOf(tokens?.accessToken)).toMatchObject({ iss: "https://new.example", scope: ["new"] });
      const kidsOf = async (of: TenantEngine | undefined) => (await of?.jwks())?.keys.map(({ kid }) => kid);
      const [own, other] = [await kidsOf(engine), await kidsOf(context.engine)];
      expect(own).toHaveLength(1);
      expect(other).not.toEqual(own);
      await mint("one", "one");
      const keys = () => context.node.tenants.get("new")?.keyring.describe(context.clock.now()).length;
      const before = keys() ?? 0;
      context.clock.advance(30 * 86_400_000);
      await context.node.jobs.find(({ name }) => name === "poll keys")?.run();
      expect(keys()).toBeGreaterThan(before);
    });

    it("is refused whole if the store is away at any time, and can be tried again", async () => {
      const store = failingStore(createMemoryStore());
      const { node, engine } = await testContext(configured("one"), store);
      const mintWith = (name: string) =>
        engine.mint(
          { clientId: CLIENT_ID, clientSecret: name },
          { grantType: "arbitrary_identity", subject: "someone", scopes: [name] },
        );
      let failures = 0;
      const attempt = () => {
        store.failLater(failures, "refused", false);
        return node.reconfigure(fileOf(configured("two"), added)).catch((error: unknown) => error);
      };
      while ((await attempt()) instanceof StoreUnavailableError) {
        failures += 1;
        expect(node.engine.forTenant("new")).toBeUndefined();
        await mintWith("one");
      }
      store.failLater(Number.POSITIVE_INFINITY, "refused", false);
      expect(failures).toBeGreaterThan(5);
      await mintWith("two");
      expect((await node.engine.forTenant("new")?.jwks())?.keys).toHaveLength(1);
    });
  });
});
