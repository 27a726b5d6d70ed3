import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import type { TokenSet } from "../../src/engine/request.ts";
import { sweep } from "../../src/server/jobs.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { withFolder } from "../store/sqlite/folder.ts";
import { fakeMachine } from "../support/clock.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { type NamedStore, stores, withStore } from "../support/stores.ts";
import { CLIENT_ID, SECRET } from "../support/tenant.ts";
import { drainRows } from "./rows.ts";

const refreshesOn = ({ isFar }: NamedStore) => (isFar ? 50 : 250);
const YEAR = 365 * 86_400_000;

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };

function mint({ engine }: TestContext, accessTokenType: string, scope = "offline_access"): Promise<TokenSet> {
  return engine.mint(credentials, {
    grantType: "arbitrary_resource_owner",
    subject: "someone",
    scopes: [scope],
    arbitraryClaims: {},
    accessTokenType,
  });
}

/** Mints, refreshes the grant that often, and returns the last tokens. */
async function useAGrant(context: TestContext, accessTokenType: string, refreshes: number): Promise<TokenSet> {
  let tokens = await mint(context, accessTokenType);
  for (let i = 0; i < refreshes; i++) {
    context.clock.advance(1000);
    tokens = await context.engine.refresh(credentials, { refreshToken: tokens.refreshToken });
  }
  return tokens;
}

describe.each(stores)("on $name", (kind) => {
  const refreshes = refreshesOn(kind);

  it.each([
    ["jwt", 1],
    ["reference", 1 + 1 + refreshes],
  ])(`a grant whose access tokens are of type %s has %i rows after ${refreshes} refreshes`, (type, rows) =>
    withStore(kind, async (store) => {
      await useAGrant(await testContext(undefined, store), type, refreshes);
      expect(await drainRows(store)).toBe(rows);
    }),
  );
});

it("once everything has expired a sweep leaves nothing but keys, meta and the revision of the registry", () =>
  withFolder(async (folder) => {
    const path = join(folder, "store.db");
    const store = await openSqliteStore(`sqlite:${path}`);
    const context = await testContext(undefined, store);
    for (const type of ["jwt", "reference"]) {
      const { accessToken } = await useAGrant(context, type, 3);
      await context.engine.revoke(credentials, { token: accessToken });
    }
    expect(countRows(path)).toMatchObject({ revocations: 0 });
    const { accessToken } = await mint(context, "jwt", "a");
    await context.engine.revoke(credentials, { token: accessToken });
    await context.engine.revoke(credentials, { token: "someone", tokenTypeHint: "subject" });
    await useAGrant(context, "reference", 600);
    const before = countRows(path);
    expect(before).toMatchObject({ families: 3, reference_tokens: 4 + 601, revocations: 2 });

    await sweep({ store, clock: context.clock, machine: fakeMachine() });
    expect(countRows(path)).toEqual(before);
    context.clock.advance(YEAR);
    await sweep({ store, clock: context.clock, machine: fakeMachine() });
    const { keys, meta, registry, ...others } = countRows(path);
    expect([keys, meta, registry]).toEqual([before.keys, before.meta, 1]);
    expect(Object.values(others).filter((count) => count > 0)).toEqual([]);
    await store.close();
  }));

/** How many rows each table of a database has. */
function countRows(path: string): Readonly<Record<string, number>> {
  const database = new DatabaseSync(path, { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const counts = tables.map(({ name }) => {
    const row = database.prepare(`SELECT count(*) AS count FROM "${name}"`).get();
    return [String(name), Number(row?.count)];
  });
  database.close();
  return Object.fromEntries(counts);
}
