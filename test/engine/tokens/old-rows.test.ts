import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TokenSet } from "../../../src/engine/request.ts";
import { resealKeys } from "../../../src/keyring/reseal.ts";
import { jweSealer } from "../../../src/keyring/seal.ts";
import { copyStore } from "../../../src/store/copy.ts";
import type { CopyableStore } from "../../../src/store/copy-port.ts";
import { openMongoStore } from "../../../src/store/mongodb/index.ts";
import { openSqliteStore } from "../../../src/store/sqlite/index.ts";
import { handleDigest } from "../../../src/token/reference-token.ts";
import { refusalCode } from "../../proofs/nodes.ts";
import { makeFolder, removeFolder } from "../../store/sqlite/folder.ts";
import { fakeClock } from "../../support/clock.ts";
import { TEST_KEY_ENCRYPTION_KEY, testContext } from "../../support/context.ts";
import { makeDatabase, refuseTtl, withMongo } from "../../support/mongodb.ts";
import { CLIENT_ID, OPERATOR_ID, SECRET } from "../../support/tenant.ts";

const fixtures = join(import.meta.dirname, "../../fixtures");
const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const operator = { authorization: `Basic ${Buffer.from(`${OPERATOR_ID}:${SECRET}`).toString("base64")}` };

/** The longest that a grant of the fixture lives: its lifetime, the grace, and the last access token. */
const LONGEST = (2_592_000 + 10 + 2_592_000) * 1000;

/** A store that the last version without MACs wrote, see make-store-without-macs.ts. */
let store: CopyableStore;
let tokens: Record<"jwt" | "reference" | "bare", TokenSet>;
let folder: string;

function worksOn(prepare: (sqlite: CopyableStore) => Promise<CopyableStore>, clear: () => Promise<void>): void {
  beforeEach(async () => {
    folder = await makeFolder();
    await copyFile(join(fixtures, "store-without-macs.db"), join(folder, "store.db"));
    tokens = JSON.parse(await readFile(join(fixtures, "store-without-macs.json"), "utf8"));
    store = await prepare(await openSqliteStore(`sqlite:${join(folder, "store.db")}`));
  });
  afterEach(async () => {
    await store.close();
    await clear();
    await removeFolder(folder);
  });

  const open = (clock = fakeClock()) => testContext(undefined, store, undefined, clock);
  const activeIn = ({ engine }: Awaited<ReturnType<typeof open>>) => {
    const texts = Object.values(tokens).flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken ?? ""]);
    const held = texts.filter((text) => text !== "");
    return Promise.all(held.map(async (token) => (await engine.introspect(credentials, { token })).active));
  };

  it("are introspected, refreshed and revoked as ever, and keys rotate", async () => {
    const context = await open();
    const { engine } = context;
    expect(await activeIn(context)).toEqual([true, true, true, true, true]);
    const refreshToken = tokens.reference.refreshToken;
    const next = await engine.refresh(credentials, { refreshToken });
    expect(await engine.introspect(credentials, { token: next.accessToken })).toMatchObject({ sub: "someone" });
    await engine.revoke(credentials, { token: tokens.bare.accessToken });
    await engine.revoke(credentials, { token: tokens.jwt.refreshToken });
    expect(await activeIn(context)).toEqual([false, false, true, false, false]);
    expect(await engine.rotate(operator, { use: "refresh", mode: "immediate" })).toMatchObject({ rotated: true });
    expect(await engine.introspect(credentials, { token: next.refreshToken })).toMatchObject({ active: true });
    await engine.rotate(operator, { use: "refresh", mode: "compromised", kid: "1" });
    expect(await engine.introspect(credentials, { token: next.refreshToken })).toEqual({ active: false });
  });

  it("have a date, which is told once and is the same at every start", async () => {
    const [first, second] = [await open(), await open()];
    const until = first.clock.now() + LONGEST;
    expect(first.keyring.oldRowsUntil()).toBe(until);
    expect(first.logger.lines).toMatchObject([
      { level: "warn", fields: { event: "keys_resealed", oldRowsUntil: new Date(until).toISOString() } },
    ]);
    const later = fakeClock(first.clock.now() + 86_400_000);
    expect((await open(later)).keyring.oldRowsUntil()).toBe(until);
    expect(second.logger.lines).toEqual([]);
  });

  it("are not taken from that date on", async () => {
    const context = await open();
    const { referenceTokens } = store.forTenant("default");
    const row = await referenceTokens.find(handleDigest(tokens.bare.accessToken));
    expect(row).toMatchObject({ mac: undefined });
    const inserted = "A".repeat(43);
    const claims = JSON.stringify({ ...JSON.parse(row?.claims ?? ""), exp: 99_999_999_999 });
    const forged = { digest: handleDigest(inserted), claims, expiresAt: 99_999_999_999_000, mac: undefined };
    await referenceTokens.create(forged);
    // Until then whoever can write the store can do this, as before.
    const look = () => context.engine.introspect(credentials, { token: inserted });
    expect(await look()).toMatchObject({ active: true });
    context.clock.advance(LONGEST);
    expect(await look()).toEqual({ active: false });
  });

  it("are taken no longer once an operator says so, and what is new lives on", async () => {
    const context = await open();
    const fresh = await context.engine.mint(credentials, {
      grantType: "arbitrary_resource_owner",
      subject: "someone",
      arbitraryClaims: {},
      accessTokenType: "reference",
      scopes: ["offline_access"],
    });
    const order = { now: context.clock.now(), refuseOldRows: true };
    const sealer = jweSealer([TEST_KEY_ENCRYPTION_KEY]);
    const resealed = await resealKeys("default", store.forTenant("default"), sealer, order);
    expect(resealed).toEqual({ resealed: 1, total: 3 });
    await context.keyring.poll();
    expect(await activeIn(context)).toEqual([false, false, false, false, false]);
    expect(await refusalCode(context.engine.refresh(credentials, tokens.jwt))).toBe("invalid_grant");
    expect(await context.engine.introspect(credentials, { token: fresh.accessToken })).toMatchObject({ active: true });
    expect(await context.engine.introspect(credentials, { token: fresh.refreshToken })).toMatchObject({ active: true });
    expect((await open()).keyring.oldRowsUntil()).toBe(0);
  });

  it("are taken no longer once a node that runs finds the old seals written back", async () => {
    const { keys, meta } = store.forTenant("default");
    const old = await keys.list();
    const context = await open();
    await meta.raise("longestGrantLifetime", 5_000_000_000);
    for (const { use, generation, sealed } of await keys.list()) {
      const before = old.find((row) => row.use === use && row.generation === generation);
      await keys.reseal(use, generation, sealed, before?.sealed ?? "");
    }
    await context.keyring.poll();
    expect(context.keyring.oldRowsUntil()).toBe(0);
    expect(await activeIn(context)).toEqual([false, false, false, false, false]);
  });

  it("are no longer accepted if the keys were sealed so before the first start", async () => {
    const order = { now: fakeClock().now(), refuseOldRows: true };
    await resealKeys("default", store.forTenant("default"), jweSealer([TEST_KEY_ENCRYPTION_KEY]), order);
    expect(await activeIn(await open())).toEqual([false, false, false, false, false]);
  });
}

describe("rows that a version without MACs wrote to SQLite", () => {
  worksOn(
    async (sqlite) => sqlite,
    async () => {},
  );
});

withMongo("rows that a version without MACs wrote, in MongoDB", (uri) => {
  let database: ReturnType<typeof makeDatabase>;
  worksOn(
    async (sqlite) => {
      database = makeDatabase(uri);
      await refuseTtl(database);
      const mongo = await openMongoStore(database.url);
      await copyStore(sqlite, mongo, () => fakeClock().now());
      await sqlite.close();
      return mongo;
    },
    () => database.drop(),
  );
});

it("a new store takes none from the start, whatever is in its meta", async () => {
  const context = await testContext();
  await context.wholeStore.forTenant("default").meta.raise("oldRowsUntil", Number.MAX_SAFE_INTEGER);
  await context.keyring.poll();
  expect(context.keyring.oldRowsUntil()).toBe(0);
  expect(context.logger.text()).not.toContain("keys_resealed");
});
