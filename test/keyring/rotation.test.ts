import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { toSeconds } from "../../src/base/clock.ts";
import type { RotationOrder, SigningAlgorithm } from "../../src/keyring/port.ts";
import type { KeyUse, Store } from "../../src/store/port.ts";
import { fakeClock } from "../support/clock.ts";
import { failingStore } from "../support/failing-store.ts";
import { DAY, HOUR, testKeyring } from "../support/keyring.ts";
import { createMemoryStore } from "../support/memory-store.ts";

let requests = 0;

function order(members: Partial<RotationOrder> = {}): RotationOrder {
  requests += 1;
  return {
    mode: "graceful",
    use: "signing",
    kid: undefined,
    request: `request ${requests}`,
    dryRun: false,
    ...members,
  };
}

type Node = Awaited<ReturnType<typeof testKeyring>>;

const states = ({ keyring, now }: Node, use = "signing") =>
  keyring
    .describe(now())
    .filter((key) => key.use === use)
    .map(({ state }) => state);

const sign = ({ keyring, now }: Node) => keyring.signer(now()).sign({ sub: "someone", iat: toSeconds(now()) }, "JWT");
const kids = ({ keyring, now }: Node) => keyring.jwks(now()).keys.map(({ kid }) => kid);

describe("rotation by schedule", () => {
  it("shows a verifier with a cached JWKS no unknown kid, over three rotations, minute by minute", async () => {
    const node = await testKeyring(createMemoryStore(), {
      tenant: { signing: { algorithm: "ES256", rotateEvery: 12 * 3600, publishAhead: 2 * 3600, jwksMaxAge: 3600 } },
    });
    let cached = node.keyring.jwks(node.now());
    let fetchedAt = node.now();
    const signedBy = new Set<string | undefined>();
    for (let minute = 0; minute < 40 * 60; minute++) {
      node.clock.advance(60_000);
      await node.keyring.poll();
      if (node.now() > fetchedAt + HOUR) {
        cached = node.keyring.jwks(node.now());
        fetchedAt = node.now();
      }
      const jwt = await sign(node);
      signedBy.add(decodeProtectedHeader(jwt).kid);
      await jwtVerify(jwt, createLocalJWKSet(cached as unknown as JSONWebKeySet));
    }
    expect(signedBy.size).toBe(4);
  });

  it("keeps what an old key signed verifiable for as long as it can live, and no longer", async () => {
    const node = await testKeyring(createMemoryStore());
    const old = await sign(node);
    node.clock.advance(29 * DAY);
    await node.keyring.poll();
    expect(states(node)).toEqual(["active", "pending"]);
    node.clock.advance(DAY);
    await node.keyring.poll();
    const last = await sign(node);
    expect(decodeProtectedHeader(last).kid).not.toBe(decodeProtectedHeader(old).kid);
    // The longest lifetime, and for how long a node may be stale.
    node.clock.advance(HOUR + 900_000 - 1);
    expect(states(node)).toEqual(["retired", "active"]);
    expect(await node.keyring.verify(old, node.now())).toBeDefined();
    node.clock.advance(1);
    await node.keyring.poll();
    expect(states(node)).toEqual(["gone", "active"]);
    expect(kids(node)).toHaveLength(1);
    expect(await node.keyring.verify(old, node.now())).toBeUndefined();
  });

  it("is one rotation, however many nodes see that it is due", async () => {
    const store = createMemoryStore();
    const clock = fakeClock();
    const nodes = [
      await testKeyring(store, { clock }),
      await testKeyring(store, { clock }),
      await testKeyring(store, { clock }),
    ];
    clock.advance(29 * DAY);
    await Promise.all(nodes.map(({ keyring }) => keyring.poll()));
    for (const node of nodes) {
      await node.keyring.poll();
      expect(states(node)).toEqual(["active", "pending"]);
    }
  });

  it("is one rotation if a node saw that it was due before another one made the key", async () => {
    const store = createMemoryStore();
    const clock = fakeClock();
    const early = await testKeyring(store, { clock });
    let meanwhile: (() => Promise<void>) | undefined;
    const slow: Store = {
      ...store,
      forTenant(tenant) {
        const part = store.forTenant(tenant);
        const list = async () => {
          const rows = await part.keys.list();
          const other = meanwhile;
          meanwhile = undefined;
          await other?.();
          return rows;
        };
        return { ...part, keys: { ...part.keys, list } };
      },
    };
    const late = await testKeyring(slow, { clock });
    clock.advance(29 * DAY);
    meanwhile = () => early.keyring.poll();
    await late.keyring.poll();
    expect(states(late)).toEqual(["active", "pending"]);
  });

  it("follows a change of algorithm, gracefully", async () => {
    const store = createMemoryStore();
    const clock = fakeClock();
    await testKeyring(store, { clock });
    const changed = await testKeyring(store, {
      clock,
      tenant: { signing: { algorithm: "EdDSA", rotateEvery: 30 * 86_400, publishAhead: 86_400, jwksMaxAge: 3600 } },
    });
    expect(changed.keyring.signer(clock.now()).algorithm).toBe("ES256");
    clock.advance(DAY);
    await changed.keyring.poll();
    expect(changed.keyring.signer(clock.now()).algorithm).toBe("EdDSA");
    expect(changed.keyring.describe(clock.now()).filter(({ use }) => use === "signing")).toHaveLength(2);
  });

  it("tells an operator of signatures that are long", async () => {
    const signing = { rotateEvery: 30 * 86_400, publishAhead: 86_400, jwksMaxAge: 3600 };
    const warningsFor = async (algorithm: SigningAlgorithm, use: KeyUse) => {
      const { keyring } = await testKeyring(createMemoryStore(), { tenant: { signing: { algorithm, ...signing } } });
      return (await keyring.rotate(order({ use, dryRun: true }), () => undefined)).warnings;
    };
    expect(await warningsFor("ML-DSA-44", "signing")).toEqual([
      expect.stringMatching(/^A signature of ML-DSA-44 takes 3227 characters of each JWT; .*\.$/),
    ]);
    expect(await warningsFor("ML-DSA-44", "refresh")).toEqual([]);
    expect(await warningsFor("ES512", "signing")).toEqual([]);
  });

  it("gives the keys of refresh tokens a schedule of their own, and keeps them for a grant's life", async () => {
    const node = await testKeyring(createMemoryStore(), { tenant: { refreshKeyRotateEvery: 7 * 86_400 } });
    const mac = node.keyring.mac(1, "text");
    node.clock.advance(7 * DAY);
    await node.keyring.poll();
    expect(states(node, "refresh")).toEqual(["active", "pending"]);
    expect(states(node)).toEqual(["active"]);
    node.clock.advance(10_000);
    expect(node.keyring.macGeneration(node.now())).toBe(2);
    expect(node.keyring.mac(1, "text")).toBe(mac);
    node.clock.advance(30 * DAY + 900_000 - 1);
    expect(states(node, "refresh")[0]).toBe("retired");
    node.clock.advance(1);
    expect(states(node, "refresh")[0]).toBe("gone");
  });
});

describe("rotation by an operator", () => {
  it("graceful publishes now and signs once every cache has it", async () => {
    const node = await testKeyring(createMemoryStore());
    const before = await sign(node);
    const { keys, jwksStaleUntil, warnings, rotated } = await node.rotate(order());
    expect(rotated).toBe(true);
    expect(keys.map(({ state }) => state)).toEqual(["active", "pending"]);
    expect(keys[0]).toMatchObject({
      retireAt: keys[1]?.activateAt,
      removeAt: (keys[1]?.activateAt ?? 0) + HOUR + 900_000,
    });
    expect(keys[1]?.activateAt).toBe(node.now() + DAY);
    expect([jwksStaleUntil, warnings]).toEqual([undefined, []]);
    expect(kids(node)).toHaveLength(2);
    expect(decodeProtectedHeader(await sign(node)).kid).toBe(decodeProtectedHeader(before).kid);
    node.clock.advance(DAY);
    await node.keyring.poll();
    expect(decodeProtectedHeader(await sign(node)).kid).toBe(keys[1]?.kid);
  });

  it("immediate signs once every node has read it, and says how long caches lack it", async () => {
    const store = createMemoryStore();
    const clock = fakeClock();
    const [one, other] = [await testKeyring(store, { clock }), await testKeyring(store, { clock })];
    const rotation = await one.rotate(order({ mode: "immediate" }));
    expect(rotation.keys[1]?.activateAt).toBe(clock.now() + 10_000);
    expect(rotation.jwksStaleUntil).toBe(clock.now() + 900_000 + HOUR);
    expect(rotation.warnings).toHaveLength(1);
    for (let second = 0; second < 20; second++) {
      if (second % 5 === 0) await other.keyring.poll();
      for (const node of [one, other]) {
        const { kid } = decodeProtectedHeader(await sign(node));
        if (second >= 5) for (const reader of [one, other]) expect(kids(reader)).toContain(kid);
      }
      clock.advance(1000);
    }
    expect(states(one)).toEqual(["retired", "active"]);
  });

  it("compromised ends all that the bad key signed, and a new key signs at once", async () => {
    const node = await testKeyring(createMemoryStore());
    const bad = await sign(node);
    const rotation = await node.rotate(order({ mode: "compromised" }));
    expect(rotation.keys.map(({ state }) => state)).toEqual(["compromised", "active"]);
    expect(rotation.warnings.join(" ")).toContain("is permanently inactive");
    expect(kids(node)).toEqual([decodeProtectedHeader(await sign(node)).kid]);
    expect(await node.keyring.verify(bad, node.now())).toBeUndefined();
    node.clock.advance(365 * DAY);
    await node.keyring.poll();
    expect(states(node)[0]).toBe("compromised");
  });

  it("compromised can name a key that signs no more, or not yet", async () => {
    const node = await testKeyring(createMemoryStore());
    await node.rotate(order());
    const [, pending] = kids(node);
    const rotation = await node.rotate(order({ mode: "compromised", kid: String(pending) }));
    expect(rotation.keys.map(({ state }) => state)).toEqual(["retired", "compromised", "active"]);
    await expect(node.rotate(order({ mode: "compromised", kid: "nobody's" }))).rejects.toThrow("nobody's");
  });

  it("compromised reaches the keys of refresh tokens by their generation", async () => {
    const node = await testKeyring(createMemoryStore());
    const rotation = await node.rotate(order({ mode: "compromised", use: "refresh", kid: "1" }));
    expect(rotation.keys.map(({ state }) => state)).toEqual(["compromised", "active"]);
    expect(node.keyring.macGeneration(node.now())).toBe(2);
    expect(states(node)).toEqual(["active"]);
  });

  it("warns of a pending key that it overtakes, which never signs", async () => {
    const node = await testKeyring(createMemoryStore());
    await node.rotate(order());
    const { warnings } = await node.rotate(order({ mode: "immediate" }));
    expect(warnings.join(" ")).toContain("The pending signing key 2 is superseded");
    node.clock.advance(2 * DAY);
    expect(states(node)).toEqual(["gone", "gone", "active"]);
  });

  it("plans without changing anything", async () => {
    const store = failingStore(createMemoryStore());
    const node = await testKeyring(store);
    const before = node.keyring.describe(node.now());
    store.calls.length = 0;
    for (const mode of ["graceful", "immediate", "compromised"] as const) {
      const plan = await node.rotate(order({ mode, dryRun: true }));
      expect(plan).toMatchObject({ rotated: false, keys: [{ generation: 1 }, { generation: 2, kid: undefined }] });
      expect(plan.jwksStaleUntil === undefined).toBe(mode === "graceful");
    }
    expect(node.keyring.describe(node.now())).toEqual(before);
    expect(store.calls.filter((call) => /append|raise/.test(call))).toEqual([]);
  });

  describe("retried with its idempotency key", () => {
    it.each(["graceful", "immediate", "compromised"] as const)(
      "is one %s rotation, on any node, at once or later",
      async (mode) => {
        const store = createMemoryStore();
        const clock = fakeClock();
        const nodes = [await testKeyring(store, { clock }), await testKeyring(store, { clock })];
        const same = order({ mode });
        await Promise.all(nodes.map(({ rotate }) => rotate(same)));
        clock.advance(DAY);
        const [again] = await Promise.all(nodes.map(({ rotate }) => rotate(same)));
        expect(again?.keys).toHaveLength(2);
        expect(again?.keys[1]?.state).toBe("active");
      },
    );

    it("is finished if the first attempt was interrupted, and does not end the successor", async () => {
      const store = failingStore(createMemoryStore());
      const clock = fakeClock();
      const [node, other] = [await testKeyring(store, { clock }), await testKeyring(store, { clock })];
      const same = order({ mode: "compromised" });
      store.failNext("keys.append", "refused");
      await expect(node.rotate(same)).rejects.toThrow("refused");
      // Another node sees that none is active, and makes the next at once.
      await other.keyring.poll();
      expect(states(other)).toEqual(["compromised", "active"]);
      const { keys } = await node.rotate(same);
      expect(keys.map(({ state }) => state)).toEqual(["compromised", "active"]);
    });
  });

  it("without one, is a rotation each time; two nodes that rotate at once make two", async () => {
    const store = createMemoryStore();
    const clock = fakeClock();
    const nodes = [await testKeyring(store, { clock }), await testKeyring(store, { clock })];
    await Promise.all(nodes.map(({ rotate }) => rotate(order())));
    await nodes[0]?.keyring.poll();
    expect(nodes[0] && states(nodes[0])).toEqual(["active", "pending", "pending"]);
  });
});

describe("two nodes on one store", () => {
  it("one publishes within a poll what the other rotated, and verifies its tokens at once", async () => {
    const store = createMemoryStore();
    const clock = fakeClock();
    const [one, other] = [await testKeyring(store, { clock }), await testKeyring(store, { clock })];
    clock.advance(1000);
    await one.rotate(order({ mode: "compromised" }));
    const jwt = await sign(one);
    expect(kids(other)).not.toContain(decodeProtectedHeader(jwt).kid);
    expect(await other.keyring.verify(jwt, clock.now())).toMatchObject({ claims: { sub: "someone" } });
    expect(kids(other)).toEqual(kids(one));
  });

  it("no key is missed by a node whose clock is late by all that is allowed", async () => {
    const store = { ...createMemoryStore(), maxClockSkew: 50 };
    const [one, late] = [fakeClock(1_000_050), fakeClock(1_000_000)];
    const first = await testKeyring(store, { clock: one });
    const second = await testKeyring(store, { clock: late });
    await sign(second);
    await first.rotate(order({ mode: "compromised" }));
    await second.keyring.poll();
    await sign(second);
  });
});
