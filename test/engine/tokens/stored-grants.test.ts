import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TokenSet } from "../../../src/engine/request.ts";
import { copyStore } from "../../../src/store/copy.ts";
import type { CopyableStore } from "../../../src/store/copy-port.ts";
import { openMongoStore } from "../../../src/store/mongodb/index.ts";
import { openSqliteStore } from "../../../src/store/sqlite/index.ts";
import { familyText, makeRowMac } from "../../../src/token/row-mac.ts";
import { makeFolder, removeFolder } from "../../store/sqlite/folder.ts";
import { fakeClock } from "../../support/clock.ts";
import { testContext } from "../../support/context.ts";
import { claimsOf } from "../../support/decode.ts";
import { createMemoryStore } from "../../support/memory-store.ts";
import { makeDatabase, refuseTtl, withMongo } from "../../support/mongodb.ts";
import { refusalOf } from "../../support/refusal.ts";
import { CLIENT_ID, OPERATOR_ID, SECRET, testClient, testTenant } from "../../support/tenant.ts";

const fixtures = join(import.meta.dirname, "../../fixtures");
const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const operator = { authorization: `Basic ${Buffer.from(`${OPERATOR_ID}:${SECRET}`).toString("base64")}` };
const MOVING = ["exp", "iat", "nbf", "jti", "at_hash"];

/** What claims say, but for what every refresh makes anew. */
function lasting(claims: object) {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !MOVING.includes(name)));
}

/** A store that the version before wrote, see make-store-of-version-zero.ts. */
let store: CopyableStore;
let tokens: Record<"identity" | "noSubject" | "reference", TokenSet>;
let folder: string;

function worksOn(prepare: (sqlite: CopyableStore) => Promise<CopyableStore>, clear: () => Promise<void>): void {
  beforeEach(async () => {
    folder = await makeFolder();
    await copyFile(join(fixtures, "store-of-version-zero.db"), join(folder, "store.db"));
    tokens = JSON.parse(await readFile(join(fixtures, "store-of-version-zero.json"), "utf8"));
    store = await prepare(await openSqliteStore(`sqlite:${join(folder, "store.db")}`));
  });
  afterEach(async () => {
    await store.close();
    await clear();
    await removeFolder(folder);
  });

  // Fixed claims stay as they were, whatever the client's are today.
  const open = () => testContext(testTenant({}, [testClient({ namespace: "group" })]), store);

  it("are introspected and refreshed as ever, with all that they were granted", async () => {
    const { engine } = await open();
    for (const minted of Object.values(tokens)) {
      for (const token of [minted.accessToken, minted.refreshToken])
        expect(await engine.introspect(credentials, { token })).toMatchObject({ active: true });
      const before = await engine.introspect(credentials, { token: minted.accessToken });
      const next = await engine.refresh(credentials, { refreshToken: minted.refreshToken });
      expect(next).toMatchObject({ scopes: minted.scopes, expiresIn: minted.expiresIn });
      const after = await engine.introspect(credentials, { token: next.accessToken });
      expect(lasting(after)).toEqual(lasting(before));
      expect(Number(after.exp) - Number(after.iat)).toBe(minted.expiresIn);
      if (minted.idToken !== undefined) {
        const [was, is] = [claimsOf(minted.idToken), claimsOf(next.idToken)];
        expect(lasting(is)).toEqual(lasting(was));
        expect(Number(is.exp) - Number(is.iat)).toBe(90);
      }
      expect(next.idToken === undefined).toBe(minted.idToken === undefined);
    }
  });

  it("are narrowed, and outlive a rotation", async () => {
    const { engine, clock } = await open();
    expect(await engine.rotate(operator, { mode: "immediate" })).toMatchObject({ rotated: true });
    clock.advance(60_000);
    const { refreshToken } = tokens.reference;
    const next = await engine.refresh(credentials, { refreshToken, scopes: ["b"] });
    expect(await engine.introspect(credentials, { token: next.accessToken })).toMatchObject({ scope: "b" });
    expect(await engine.introspect(credentials, { token: tokens.identity.accessToken })).toMatchObject({
      active: true,
    });
  });

  it("end as ever", async () => {
    const { engine } = await open();
    await engine.revoke(credentials, { token: tokens.identity.refreshToken });
    await engine.revoke(credentials, { token: "someone", tokenTypeHint: "subject" });
    for (const { accessToken, refreshToken } of [tokens.identity, tokens.reference]) {
      for (const token of [accessToken, refreshToken])
        expect(await engine.introspect(credentials, { token })).toEqual({ active: false });
    }
    expect(await engine.introspect(credentials, { token: tokens.noSubject.refreshToken })).toMatchObject({
      active: true,
    });
  });
}

describe("grants that the version before stored in SQLite", () => {
  worksOn(
    async (sqlite) => sqlite,
    async () => {},
  );
});

withMongo("grants that the version before stored, in MongoDB", (uri) => {
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

it("a grant that cannot be read gives no token: it is our failure, and the log has its cause", async () => {
  const context = await testContext();
  const request = { grantType: "arbitrary_identity", subject: "someone", scopes: ["offline_access"] };
  const { refreshToken = "" } = await context.engine.mint(credentials, request);
  const store = createMemoryStore();
  const [from, to] = [context.wholeStore.forTenant("default"), store.forTenant("default")];
  for (const key of await from.keys.list()) await to.keys.append(key, key.generation - 1);
  const family = await from.families.find(refreshToken.split(".")[1] ?? "");
  if (family === undefined) throw new Error("the grant is gone");
  const later = { ...family, decision: family.decision.replace('"version":1', '"version":4') };
  const mac = makeRowMac(familyText("default", later), 1, (key, text) => context.keyring.mac(key, text));
  await to.families.create({ ...later, mac });

  const { engine, logger } = await testContext(testTenant(), store, undefined, context.clock);
  for (const asked of [
    engine.refresh(credentials, { refreshToken }),
    engine.introspect(credentials, { token: refreshToken }),
  ]) {
    expect(await refusalOf(asked)).toEqual({ code: "server_error", message: "An unexpected error occurred." });
    const { level, fields } = logger.lines.at(-1) ?? {};
    expect(level).toBe("error");
    expect(fields).toHaveProperty("err.message", expect.stringContaining("the newest one known here is 3"));
  }
});
