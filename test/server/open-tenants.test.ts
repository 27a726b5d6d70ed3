import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { nodeSignatures } from "../../src/keyring/algorithms.ts";
import { jweSealer, type Sealer } from "../../src/keyring/seal.ts";
import type { Tenant } from "../../src/registry/tenant.ts";
import { JOBS } from "../../src/server/jobs.ts";
import { openNode } from "../../src/server/node.ts";
import { type Store, StoreUnavailableError } from "../../src/store/port.ts";
import { LONGEST_LIFETIMES } from "../../src/token/lifetimes.ts";
import { type FakeClock, fakeClock } from "../support/clock.ts";
import { noAuthorities, TEST_KEY_ENCRYPTION_KEY, TEST_SETTINGS } from "../support/context.ts";
import { type FailingStore, failingStore } from "../support/failing-store.ts";
import { isForgotten } from "../support/garbage.ts";
import { listenerOf, recordingLogger } from "../support/logger.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { seededRandom } from "../support/random.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, fileOf, SECRET, testClient, testTenant } from "../support/tenant.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const CREDENTIALS = { clientId: CLIENT_ID, clientSecret: SECRET };
const MINT = { grantType: "arbitrary_identity", subject: "someone", scopes: ["read"] } as const;

const tenant = (id: string, members: Partial<Tenant> = {}) =>
  testTenant({ id, issuer: `https://${id}.example`, ...members });

let clock: FakeClock;
let store: FailingStore;
beforeEach(() => {
  clock = fakeClock();
  store = failingStore(createMemoryStore());
});

/** Opens a node that keeps few tenants open. */
async function open(
  tenants: readonly Tenant[],
  { keepsOpen = 1, sealer = jweSealer([TEST_KEY_ENCRYPTION_KEY]) }: { keepsOpen?: number; sealer?: Sealer } = {},
) {
  const logger = recordingLogger();
  const elapsed = () => clock.now();
  const node = await openNode({
    settings: { ...TEST_SETTINGS, keyMaxStaleness: 365 * 86_400, registryMaxStaleness: 365 * 86_400 },
    file: fileOf(...tenants),
    store,
    platform: {
      machine: { wall: elapsed, elapsed, sleep: async () => undefined, after: () => () => undefined },
      clock: () => clock,
      random: seededRandom("idle"),
      sealer,
      signatures: nodeSignatures,
      authorities: () => noAuthorities,
    },
    listener: listenerOf(logger),
    idleness: { keepsOpen, closesAfter: 15 * MINUTE, firstLookWithin: 60 * MINUTE, looksEvery: DAY },
  });
  await node.pollKeys();
  return { node, logger };
}

type Opened = Awaited<ReturnType<typeof open>>;

const mint = ({ node }: Opened, id: string) => Promise.try(() => node.engine.forTenant(id)?.mint(CREDENTIALS, MINT));
const kidsOf = async ({ node }: Opened, id: string) =>
  (await node.engine.forTenant(id)?.jwks())?.keys.map(({ kid }) => kid);
const tend = ({ node }: Opened) => node.jobs.find(({ name }) => name === JOBS.tendIdle)?.run();
const poll = ({ node }: Opened) => node.jobs.find(({ name }) => name === JOBS.pollKeys)?.run();
const openIds = ({ node }: Opened) => [...node.tenants.keys()];
/** Has a node close all tenants that it does not keep open. */
async function closeIdle(opened: Opened): Promise<void> {
  await tend(opened);
  clock.advance(15 * MINUTE);
  await tend(opened);
}

const countReads = () => store.calls.filter((call) => call === "keys.list").length;

describe("a tenant", () => {
  it("is open from the start if there are few, and else once it is used", async () => {
    const opened = await open([tenant("a"), tenant("b"), tenant("c")]);
    expect(openIds(opened)).toEqual(["a"]);
    await mint(opened, "c");
    expect(openIds(opened)).toEqual(["a", "c"]);
  });

  it("publishes keys, which it signs with, although nobody has used it yet", async () => {
    const opened = await open([tenant("a"), tenant("b")]);
    const kids = await kidsOf(opened, "b");
    expect(kids).toHaveLength(1);
    expect(await kidsOf(await open([tenant("b")]), "b")).toEqual(kids);
  });

  it("opens once, however many ask at the same time, and asks for nothing more once it is open", async () => {
    const opened = await open([tenant("a"), tenant("b")], { keepsOpen: 0 });
    await mint(opened, "b");
    await closeIdle(opened);
    const before = countReads();
    await Promise.all([...Array.from({ length: 5 }, () => mint(opened, "b")), kidsOf(opened, "b")]);
    expect(countReads()).toBe(before + 1);
    await mint(opened, "b");
    expect(countReads()).toBe(before + 1);
  });

  it("refuses requests while it does not open, and opens for the next one", async () => {
    const opened = await open([tenant("a"), tenant("b")]);
    store.failNext("keys.list", "refused");
    const refusals = await Promise.all([refusalOf(mint(opened, "b")), refusalOf(kidsOf(opened, "b"))]);
    expect(refusals.map(({ code }) => code)).toEqual(["temporarily_unavailable", "temporarily_unavailable"]);
    expect(await mint(opened, "b")).toMatchObject({ tokenType: "Bearer" });
  });

  it("is closed once nobody uses it, the longest unused first, down to those that stay open", async () => {
    const opened = await open([tenant("a"), tenant("b"), tenant("c")]);
    for (const id of ["a", "b", "c"]) await mint(opened, id);
    await tend(opened);
    clock.advance(14 * MINUTE);
    await mint(opened, "b");
    await tend(opened);
    expect(openIds(opened)).toEqual(["a", "b", "c"]);
    clock.advance(MINUTE);
    await tend(opened);
    expect(openIds(opened)).toEqual(["b"]);
    clock.advance(DAY);
    await tend(opened);
    expect(openIds(opened)).toContain("b");
  });

  it("keeps what requests that are under way need when it is closed, and nothing after them", async () => {
    const opened = await open([tenant("b")], { keepsOpen: 0 });
    await mint(opened, "b");
    const { promise, resolve } = Promise.withResolvers<void>();
    store.beforeNext("families.create", () => promise);
    const minting = opened.node.engine.forTenant("b")?.mint(CREDENTIALS, { ...MINT, scopes: ["offline_access"] });
    await setImmediate();
    const reference = new WeakRef(opened.node.tenant("b")?.parts?.keyring ?? {});
    await closeIdle(opened);
    expect(openIds(opened)).toEqual([]);
    resolve();
    expect(await minting).toMatchObject({ tokenType: "Bearer" });
    expect(await isForgotten(reference)).toBe(true);
  });

  it("does not sign with a key that another node has replaced while it was closed", async () => {
    const [opened, other] = [await open([tenant("b")], { keepsOpen: 0 }), await open([tenant("b")])];
    const before = await kidsOf(opened, "b");
    await closeIdle(opened);
    const keyring = other.node.tenants.get("b")?.keyring;
    const order = { mode: "compromised", use: "signing", kid: undefined, request: "leak", dryRun: false } as const;
    await keyring?.rotate(order, () => undefined);
    const after = await kidsOf(opened, "b");
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
  });

  it("records lifetimes that are raised while it opens before it mints", async () => {
    const opened = await open([tenant("a"), tenant("b")]);
    const longer = testTenant({ id: "b", issuer: "https://b.example" }, [
      testClient({ accessTokenLifetime: 9_000_000 }),
    ]);
    store.beforeNext("keys.list", () => opened.node.reconfigure(fileOf(tenant("a"), longer)));
    await mint(opened, "b");
    expect(await store.forTenant("b").meta.read(LONGEST_LIFETIMES.jwt)).toBe(9_000_000);
  });

  it("is not served by what a start has opened once it is left out, and reads its keys again when it is back", async () => {
    const opened = await open([tenant("a"), tenant("b")], { keepsOpen: 2 });
    await opened.node.reconfigure(fileOf(tenant("a")));
    await tend(opened);
    expect(openIds(opened)).toEqual(["a"]);
    await opened.node.reconfigure(fileOf(tenant("a"), tenant("b")));
    expect(await mint(opened, "b")).toMatchObject({ tokenType: "Bearer" });
  });
});

describe("the keys of a closed tenant", () => {
  const keysOf = (whole: Store, id: string) => whole.forTenant(id).keys.list();

  it("are made within an hour of the start, and rotate when they are due", async () => {
    const opened = await open([tenant("a"), tenant("b")]);
    expect(await keysOf(store, "b")).toHaveLength(0);
    clock.advance(60 * MINUTE);
    await tend(opened);
    expect(await keysOf(store, "b")).toHaveLength(2);
    await tend(opened);
    expect(openIds(opened)).toHaveLength(1);
    const { rotateEvery, publishAhead } = tenant("b").signing;
    clock.advance((rotateEvery - publishAhead) * 1000 - 1);
    await tend(opened);
    await tend(opened);
    expect(await keysOf(store, "b")).toHaveLength(2);
    clock.advance(1);
    await tend(opened);
    expect(await keysOf(store, "b")).toHaveLength(3);
  });

  it("cost nothing at the store while none is due", async () => {
    const opened = await open(["a", "b", "c", "d"].map((id) => tenant(id)));
    clock.advance(60 * MINUTE);
    for (let round = 0; round < 3; round++) await tend(opened);
    store.calls.splice(0);
    clock.advance(5_000);
    await tend(opened);
    expect(store.calls).toEqual([]);
    await poll(opened);
    expect(store.calls.filter((call) => call === "keys.list")).toHaveLength(1);
  });

  it("are looked after once a day, as somebody may have revoked one", async () => {
    const opened = await open([tenant("b")], { keepsOpen: 0 });
    await mint(opened, "b");
    await closeIdle(opened);
    const reads = countReads();
    clock.advance(DAY);
    await tend(opened);
    expect(countReads()).toBeGreaterThan(reads);
  });

  it("rotate soon after another algorithm is configured", async () => {
    const opened = await open([tenant("a"), tenant("b")], { keepsOpen: 0 });
    await mint(opened, "b");
    await closeIdle(opened);
    const signing = { ...tenant("b").signing, algorithm: "EdDSA" } as const;
    await opened.node.reconfigure(fileOf(tenant("a"), tenant("b", { signing })));
    await tend(opened);
    expect((await keysOf(store, "b")).map(({ algorithm }) => algorithm)).toContain("EdDSA");
  });

  it("are tried again if the store was away", async () => {
    const opened = await open([tenant("a"), tenant("b")]);
    clock.advance(60 * MINUTE);
    store.away = true;
    await expect(tend(opened)).rejects.toThrow(StoreUnavailableError);
    store.away = false;
    clock.advance(MINUTE);
    await tend(opened);
    expect(await keysOf(store, "b")).toHaveLength(2);
  });

  it("are told of once if they do not open, close the tenant alone, and are tried again", async () => {
    const tenants = [tenant("a"), tenant("b"), tenant("c")];
    await mint(await open([tenant("b")]), "b");
    const right = jweSealer([TEST_KEY_ENCRYPTION_KEY]);
    const wrong = jweSealer([new Uint8Array(32).fill(8)]);
    let sealer = right;
    const opened = await open(tenants, { sealer: { ...right, open: (...args) => sealer.open(...args) } });
    const told = () =>
      opened.logger.lines.filter(({ fields }) => "event" in fields && fields.event === "keys_unusable");
    await mint(opened, "c");
    sealer = wrong;
    for (let attempt = 0; attempt < 2; attempt++)
      expect(await refusalOf(mint(opened, "b"))).toMatchObject({ code: "temporarily_unavailable" });
    clock.advance(60 * MINUTE);
    await tend(opened);
    expect(told()).toMatchObject([{ level: "error", fields: { tenant: "b" } }]);
    expect([...opened.node.brokenKeys.keys()]).toEqual(["b"]);
    const check = opened.node.checks.find(({ name }) => name === "keys");
    expect([await check?.run(), check?.remark?.()]).toEqual([
      undefined,
      "the keys of 1 tenants do not open: the log says why",
    ]);
    expect(await mint(opened, "c")).toMatchObject({ tokenType: "Bearer" });
    sealer = right;
    expect(await mint(opened, "b")).toMatchObject({ tokenType: "Bearer" });
    expect(check?.remark?.()).toBeUndefined();
  });
});
