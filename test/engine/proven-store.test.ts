import { describe, expect, it } from "vitest";
import type { TokenSet } from "../../src/engine/request.ts";
import type { FamilyRecord, ReferenceTokenRecord, Store } from "../../src/store/port.ts";
import { handleDigest, makeHandle } from "../../src/token/reference-token.ts";
import { familyText, makeRowMac, referenceTokenText } from "../../src/token/row-mac.ts";
import { refusalCode } from "../proofs/nodes.ts";
import { claimsOf } from "../support/decode.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { seededRandom } from "../support/random.ts";
import { stores, withStore } from "../support/stores.ts";
import { CLIENT_ID, OPERATOR_ID, SECRET, testTenant } from "../support/tenant.ts";
import { type TestWorld, testWorld } from "../support/world.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const operator = { authorization: `Basic ${Buffer.from(`${OPERATOR_ID}:${SECRET}`).toString("base64")}` };

const mint = (world: TestWorld, accessTokenType: string) =>
  world.engine.mint(credentials, {
    grantType: "arbitrary_resource_owner",
    subject: "someone",
    arbitraryClaims: {},
    accessTokenType,
    scopes: ["a", "offline_access"],
  });

/** What a writer makes of the rows of a grant and of a reference token. */
interface Edit {
  readonly family?: (row: FamilyRecord) => FamilyRecord;
  readonly token?: (row: ReferenceTokenRecord) => ReferenceTokenRecord;
  readonly tenant?: string;
}

/** A mint whose store was written by somebody else: it has the same keys, and the rows as they were edited. */
async function written(world: TestWorld, tokens: TokenSet, store: Store, edit: Edit): Promise<TestWorld> {
  const [from, to] = [world.wholeStore.forTenant("default"), store.forTenant(edit.tenant ?? "default")];
  for (const key of await world.wholeStore.forTenant(edit.tenant ?? "default").keys.list())
    await to.keys.append(key, key.generation - 1);
  const digest = handleDigest(tokens.accessToken);
  const family = await from.families.find(tokens.refreshToken?.split(".")[1] ?? "");
  const token = await from.referenceTokens.find(digest);
  if (family !== undefined) await to.families.create(edit.family?.(family) ?? family);
  if (token !== undefined) await to.referenceTokens.create(edit.token?.(token) ?? token);
  return testWorld(testTenant({ id: edit.tenant ?? "default" }), store, undefined, world.clock);
}

async function accepted({ engine }: TestWorld, tokens: TokenSet) {
  const active = async (token = "") => (await engine.introspect(credentials, { token })).active;
  return {
    access: await active(tokens.accessToken),
    refresh: await active(tokens.refreshToken),
    refused: await refusalCode(engine.refresh(credentials, { refreshToken: tokens.refreshToken })),
  };
}

const DEAD = { access: false, refresh: false, refused: "invalid_grant" };
const ALIVE = { access: true, refresh: true, refused: undefined };

const familyEdits: Record<string, (row: FamilyRecord) => FamilyRecord> = {
  "its decision is another": (row) => ({ ...row, decision: row.decision.replace('"a"', '"admin"') }),
  "its subject is another": (row) => ({ ...row, subject: "root" }),
  "its subject is gone": (row) => ({ ...row, subject: undefined }),
  "its namespace is another": (row) => ({ ...row, namespace: "elsewhere" }),
  "it is younger": (row) => ({ ...row, mintedAt: row.mintedAt + 1 }),
  "its MAC is gone": (row) => ({ ...row, mac: undefined }),
  "its MAC is no MAC": (row) => ({ ...row, mac: "1.mac" }),
  "its MAC is of an unknown key": (row) => ({ ...row, mac: row.mac?.replace(/^1/, "7") }),
};
const tokenEdits: Record<string, (row: ReferenceTokenRecord) => ReferenceTokenRecord> = {
  "its claims are others": (row) => ({ ...row, claims: row.claims.replace("someone", "root") }),
  "it lives longer": (row) => ({ ...row, expiresAt: row.expiresAt + 1 }),
  "its MAC is gone": (row) => ({ ...row, mac: undefined }),
};

describe.each(stores)("a row in $name that this mint did not write", (kind) => {
  const withWritten = (edit: Edit, look: (world: TestWorld, tokens: TokenSet) => Promise<void>) =>
    withStore(kind, async (store) => {
      const world = await testWorld();
      await testWorld(testTenant({ id: "other" }), world.wholeStore, undefined, world.clock);
      const tokens = await mint(world, "reference");
      await look(await written(world, tokens, store, edit), tokens);
    });

  it("is taken if it is as it was", () =>
    withWritten({}, async (world, tokens) => {
      expect(await accepted(world, tokens)).toEqual(ALIVE);
      expect(world.logger.lines).toEqual([]);
    }));

  it.each(Object.entries(familyEdits))("ends its grant if %s", (_, family) =>
    withWritten({ family }, async (world, tokens) => {
      expect(await accepted(world, tokens)).toEqual(DEAD);
    }),
  );

  it.each(Object.entries(tokenEdits))("ends a reference token if %s", (_, token) =>
    withWritten({ token }, async (world, tokens) => {
      expect(await accepted(world, tokens)).toEqual({ ...ALIVE, access: false });
    }),
  );

  it("is worth nothing to another tenant", () =>
    withWritten({ tenant: "other" }, async (world, tokens) => {
      expect(await accepted(world, tokens)).toEqual(DEAD);
    }));

  it("is no reference token of another handle", () => {
    const handle = makeHandle(seededRandom("forged"));
    return withWritten({ token: (row) => ({ ...row, digest: handleDigest(handle) }) }, async ({ engine }) => {
      expect(await engine.introspect(credentials, { token: handle })).toEqual({ active: false });
    });
  });

  it("may be revived or ended: what moves is not proven", () =>
    withWritten({ family: (row) => ({ ...row, revokedAt: row.mintedAt }) }, async (world, tokens) => {
      expect(await accepted(world, tokens)).toEqual(DEAD);
    }));

  it("lives no longer than its client allows, whatever it says", () =>
    withWritten({ family: (row) => ({ ...row, expiresAt: row.expiresAt * 2 }) }, async (world, tokens) => {
      world.clock.advance(1_296_000_000);
      expect(await accepted(world, tokens)).toEqual({ ...DEAD, access: true });
    }));

  it("is not of a refresh that is to come, by which the grant would outlive its time", () =>
    withWritten({ family: (row) => ({ ...row, rotatedAt: row.rotatedAt + 86_400_000 }) }, async (world, tokens) => {
      expect(await accepted(world, tokens)).toEqual({ ...DEAD, access: true });
    }));
});

describe("whoever has a refresh key that leaked, and can write the store", () => {
  it("makes no reference token that is active once the key is cut", async () => {
    const world = await testWorld();
    const raw = world.wholeStore.forTenant("default");
    const handle = makeHandle(seededRandom("thief"));
    const claims = JSON.stringify({ ...claimsOf((await mint(world, "jwt")).accessToken), sub: "root" });
    const row = { digest: handleDigest(handle), claims, expiresAt: world.clock.now() + 60_000 };
    const proof = makeRowMac(referenceTokenText("default", row), 1, (key, text) => world.keyring.mac(key, text));
    await raw.referenceTokens.create({ ...row, mac: proof });
    expect(await world.engine.introspect(credentials, { token: handle })).toMatchObject({ active: true, sub: "root" });
    const own = await mint(world, "reference");
    await world.engine.rotate(operator, { mode: "compromised", use: "refresh" });
    expect(await world.engine.introspect(credentials, { token: handle })).toEqual({ active: false });
    expect(await accepted(world, own)).toEqual(DEAD);
    // It names another's grant, which it must not end.
    const other = await mint(world, "reference");
    expect(await accepted(world, other)).toEqual(ALIVE);
    await world.engine.revoke(credentials, { token: handle });
    const [, family = ""] = /\.(.+)$/.exec(String(JSON.parse(claims).jti)) ?? [];
    expect(await raw.families.find(family)).toMatchObject({ revokedAt: undefined });
  });

  it("gives no grant of another key a decision of his own", async () => {
    const world = await testWorld();
    await world.engine.rotate(operator, { mode: "compromised", use: "refresh" });
    const tokens = await mint(world, "jwt");
    expect(tokens.refreshToken).toMatch(/^2\./);
    const forge = (row: FamilyRecord) => {
      const forged = { ...row, decision: row.decision.replace('"a"', '"admin"') };
      return {
        ...forged,
        mac: makeRowMac(familyText("default", forged), 1, (key, text) => world.keyring.mac(key, text)),
      };
    };
    const store = createMemoryStore();
    const forged = await written(world, tokens, store, { family: forge });
    expect(await accepted(forged, tokens)).toMatchObject({ refresh: false, refused: "invalid_grant" });
  });
});

it("tells the log how many rows were not taken, once a minute, and nothing of them", async () => {
  const world = await testWorld();
  const tokens = await mint(world, "reference");
  const store = (await testWorld(undefined, undefined, undefined, world.clock)).wholeStore;
  const forged = await testWorld(undefined, store, undefined, world.clock);
  const row = await world.store.referenceTokens.find(handleDigest(tokens.accessToken));
  if (row === undefined) throw new Error("the token is gone");
  await store.forTenant("default").referenceTokens.create(row);
  const look = () => forged.engine.introspect(credentials, { token: tokens.accessToken });
  for (let time = 0; time < 5; time++) await look();
  forged.clock.advance(60_000);
  await look();
  const told = forged.logger.lines.map(({ fields }) => fields);
  expect(told).toEqual([1, 5].map((count) => ({ event: "rows_not_genuine", tenant: "default", count })));
});
