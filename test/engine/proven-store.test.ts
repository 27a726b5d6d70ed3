import { describe, expect, it } from "vitest";
import type { TokenSet } from "../../src/engine/request.ts";
import type { FamilyRecord, ReferenceTokenRecord, Store } from "../../src/store/port.ts";
import { handleDigest, makeHandle } from "../../src/token/reference-token.ts";
import { familyText, makeRowMac, referenceTokenText } from "../../src/token/row-mac.ts";
import { refusalCode } from "../proofs/nodes.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { seededRandom } from "../support/random.ts";
import { stores, withStore } from "../support/stores.ts";
import { CLIENT_ID, OPERATOR_ID, SECRET, testTenant } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const operator = { authorization: `Basic ${Buffer.from(`${OPERATOR_ID}:${SECRET}`).toString("base64")}` };

const mint = (context: TestContext, accessTokenType: string) =>
  context.engine.mint(credentials, {
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
async function written(context: TestContext, tokens: TokenSet, store: Store, edit: Edit): Promise<TestContext> {
  const [from, to] = [context.wholeStore.forTenant("default"), store.forTenant(edit.tenant ?? "default")];
  for (const key of await context.wholeStore.forTenant(edit.tenant ?? "default").keys.list())
    await to.keys.append(key, key.generation - 1);
  const digest = handleDigest(tokens.accessToken);
  const family = await from.families.find(tokens.refreshToken?.split(".")[1] ?? "");
  const token = await from.referenceTokens.find(digest);
  if (family !== undefined) await to.families.create(edit.family?.(family) ?? family);
  if (token !== undefined) await to.referenceTokens.create(edit.token?.(token) ?? token);
  return testContext(testTenant({ id: edit.tenant ?? "default" }), store, undefined, context.clock);
}

async function accepted({ engine }: TestContext, tokens: TokenSet) {
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
  const withWritten = (edit: Edit, look: (context: TestContext, tokens: TokenSet) => Promise<void>) =>
    withStore(kind, async (store) => {
      const context = await testContext();
      await testContext(testTenant({ id: "other" }), context.wholeStore, undefined, context.clock);
      const tokens = await mint(context, "reference");
      await look(await written(context, tokens, store, edit), tokens);
    });

  it("is taken if it is as it was", () =>
    withWritten({}, async (context, tokens) => {
      expect(await accepted(context, tokens)).toEqual(ALIVE);
      expect(context.logger.lines.filter(({ level }) => level === "warn")).toEqual([]);
    }));

  it.each(Object.entries(familyEdits))("ends its grant if %s", (_, family) =>
    withWritten({ family }, async (context, tokens) => {
      expect(await accepted(context, tokens)).toEqual(DEAD);
    }),
  );

  it.each(Object.entries(tokenEdits))("ends a reference token if %s", (_, token) =>
    withWritten({ token }, async (context, tokens) => {
      expect(await accepted(context, tokens)).toEqual({ ...ALIVE, access: false });
    }),
  );

  it("is worth nothing to another tenant", () =>
    withWritten({ tenant: "other" }, async (context, tokens) => {
      expect(await accepted(context, tokens)).toEqual(DEAD);
    }));

  it("is no reference token of another handle", () => {
    const handle = makeHandle(seededRandom("forged"));
    return withWritten({ token: (row) => ({ ...row, digest: handleDigest(handle) }) }, async ({ engine }) => {
      expect(await engine.introspect(credentials, { token: handle })).toEqual({ active: false });
    });
  });

  it("may be revived or ended: what moves is not proven", () =>
    withWritten({ family: (row) => ({ ...row, revokedAt: row.mintedAt }) }, async (context, tokens) => {
      expect(await accepted(context, tokens)).toEqual(DEAD);
    }));

  it("lives no longer than its client allows, whatever it says", () =>
    withWritten({ family: (row) => ({ ...row, expiresAt: row.expiresAt * 2 }) }, async (context, tokens) => {
      context.clock.advance(1_296_000_000);
      expect(await accepted(context, tokens)).toEqual({ ...DEAD, access: true });
    }));

  it("is not of a refresh that is to come, by which the grant would outlive its time", () =>
    withWritten({ family: (row) => ({ ...row, rotatedAt: row.rotatedAt + 86_400_000 }) }, async (context, tokens) => {
      expect(await accepted(context, tokens)).toEqual({ ...DEAD, access: true });
    }));
});

describe("whoever has a refresh key that leaked, and can write the store", () => {
  it("makes no reference token that is active once the key is revoked", async () => {
    const context = await testContext();
    const raw = context.wholeStore.forTenant("default");
    const handle = makeHandle(seededRandom("thief"));
    const claims = JSON.stringify({ ...claimsOf((await mint(context, "jwt")).accessToken), sub: "root" });
    const row = { digest: handleDigest(handle), claims, expiresAt: context.clock.now() + 60_000 };
    const proof = makeRowMac(referenceTokenText("default", row), 1, (key, text) => context.keyring.mac(key, text));
    await raw.referenceTokens.create({ ...row, mac: proof });
    expect(await context.engine.introspect(credentials, { token: handle })).toMatchObject({
      active: true,
      sub: "root",
    });
    const own = await mint(context, "reference");
    await context.engine.rotate(operator, { mode: "compromised", use: "refresh" });
    expect(await context.engine.introspect(credentials, { token: handle })).toEqual({ active: false });
    expect(await accepted(context, own)).toEqual(DEAD);
    // It names another's grant, which it must not end.
    const other = await mint(context, "reference");
    expect(await accepted(context, other)).toEqual(ALIVE);
    await context.engine.revoke(credentials, { token: handle });
    const [, family = ""] = /\.(.+)$/.exec(String(JSON.parse(claims).jti)) ?? [];
    expect(await raw.families.find(family)).toMatchObject({ revokedAt: undefined });
  });

  it("gives no grant of another key a decision of his own", async () => {
    const context = await testContext();
    await context.engine.rotate(operator, { mode: "compromised", use: "refresh" });
    const tokens = await mint(context, "jwt");
    expect(tokens.refreshToken).toMatch(/^2\./);
    const forge = (row: FamilyRecord) => {
      const forged = { ...row, decision: row.decision.replace('"a"', '"admin"') };
      return {
        ...forged,
        mac: makeRowMac(familyText("default", forged), 1, (key, text) => context.keyring.mac(key, text)),
      };
    };
    const store = createMemoryStore();
    const forged = await written(context, tokens, store, { family: forge });
    expect(await accepted(forged, tokens)).toMatchObject({ refresh: false, refused: "invalid_grant" });
  });
});

it("tells the log how many rows were not taken, once a minute, and nothing of them", async () => {
  const context = await testContext();
  const tokens = await mint(context, "reference");
  const store = (await testContext(undefined, undefined, undefined, context.clock)).wholeStore;
  const forged = await testContext(undefined, store, undefined, context.clock);
  const row = await context.store.referenceTokens.find(handleDigest(tokens.accessToken));
  if (row === undefined) throw new Error("the token is gone");
  await store.forTenant("default").referenceTokens.create(row);
  const look = () => forged.engine.introspect({ ...credentials, requestId: "r1" }, { token: tokens.accessToken });
  for (let time = 0; time < 5; time++) await look();
  forged.clock.advance(60_000);
  await look();
  const told = forged.logger.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields);
  const request = { operation: "introspect", tenant: "default", requestId: "r1" };
  expect(told).toEqual([1, 5].map((count) => ({ ...request, event: "rows_not_genuine", count })));
});
