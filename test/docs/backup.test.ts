import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Document } from "mongodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, basic, type Door, gatewayDoor } from "../support/doors.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { makeDatabase, type TestDatabase, withMongo } from "../support/mongodb.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { blocksOf, runSnippets } from "../support/snippets.ts";

const page = readFileSync(new URL("../../docs/backup.md", import.meta.url), "utf8");

const config = {
  publicUrl: "https://mint.example",
  keyPollEvery: "1s",
  operators: { operator: { secrets: ["env:OPERATOR_SECRET"], tenants: "*" } },
  tenants: {
    default: {
      signing: { algorithm: "ES256" },
      clients: {
        app: { secrets: ["env:APP_SECRET"], grants: ["arbitrary_resource_owner"], allowOfflineAccess: true },
      },
    },
  },
};
const [oldKey, newKey] = [keyText(3), keyText(4)];
const secrets = { APP_SECRET: "the app's own secret", OPERATOR_SECRET: "the operator's secret" };
const credentials = { client_id: "app", client_secret: secrets.APP_SECRET };

/** A kind of store: where it is, and how its data are saved and put back. */
interface Kind {
  readonly url: string;
  backUp(): Promise<unknown>;
  restore(): Promise<unknown>;
}

/** The whole page: what is minted, refreshed, revoked and rotated around a back-up, and what becomes of it. */
function provesThePage(kind: () => Kind): void {
  let folder: string;
  let service: TestService;
  let door: Door;
  let replacedKid: string;
  const before: Record<string, Answer> = {};
  const since: Record<string, Answer> = {};

  async function start(keys: string): Promise<void> {
    service = await startTestService({
      ...secrets,
      MINTMARK_CONFIG: join(folder, "mintmark.json"),
      MINTMARK_KEY_ENCRYPTION_KEY: keys,
      MINTMARK_STORE: kind().url,
    });
    door = gatewayDoor(`http://127.0.0.1:${service.httpPort}`);
  }

  const mint = (subject: string, scope = "offline_access", type = "jwt") =>
    door.mint({
      ...credentials,
      ...{ grant_type: "arbitrary_resource_owner", subject, arbitrary_claims: "{}", scope, access_token_type: type },
    });
  const refresh = ({ refreshToken = "" }: Answer = {}) => door.refresh({ ...credentials, refresh_token: refreshToken });
  const revoke = (form: Readonly<Record<string, string>>) => door.revoke({ ...credentials, ...form });
  const isActive = async (token = "") => (await door.introspect({ ...credentials, token })).active;

  async function callOperator<T>(method: string, body: object): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${service.httpPort}/mintmark.v1.KeyService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: basic("operator", secrets.OPERATOR_SECRET) },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    return (await response.json()) as T;
  }

  const rotate = (use: string) => callOperator("Rotate", { mode: "ROTATION_MODE_COMPROMISED", use });
  const signingKids = async () => {
    const { keys } = await callOperator<{ keys: { kid: string; use: string }[] }>("ListKeys", {});
    return keys.filter(({ use }) => use === "KEY_USE_SIGNING").map(({ kid }) => kid);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mintmark-backup-"));
    writeFileSync(join(folder, "mintmark.json"), JSON.stringify(config));
    await start(oldKey);
    for (const subject of ["kept", "refreshed", "ended", "revoked"]) before[subject] = await mint(subject);
    before.plain = await mint("plain", "");

    await kind().backUp();

    const next = await refresh(before.refreshed);
    since.refreshed = await refresh(next);
    since.replaced = next;
    expect(await revoke({ token: before.ended?.refreshToken ?? "" })).toEqual({});
    expect(await revoke({ token: "revoked", token_type_hint: "subject" })).toEqual({});
    since.grant = await mint("grant");
    since.reference = await mint("reference", "", "reference");
    since.plain = await mint("plain", "");
    for (const { error } of Object.values(since)) expect(error).toBeUndefined();
    expect(await isActive(before.ended?.accessToken)).toBe(false);
    expect(await isActive(before.revoked?.accessToken)).toBe(false);
    [replacedKid = ""] = await signingKids();
    await rotate("KEY_USE_SIGNING");
    since.newKey = await mint("signed by the new key", "");
    expect(await isActive(before.kept?.accessToken)).toBe(false);
    expect(await isActive(since.newKey.accessToken)).toBe(true);

    await service.close();
    await kind().restore();
  });
  afterAll(async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  });

  it("does not start without the key-encryption key of the back-up", async () => {
    await expect(start(newKey)).rejects.toThrow();
    await start(`${newKey},${oldKey}`);
  });

  it("has what was minted before", async () => {
    expect(await isActive(before.kept?.accessToken)).toBe(true);
    expect(await isActive(before.plain?.accessToken)).toBe(true);
    expect((await refresh(before.kept)).error).toBeUndefined();
  });

  it("has lost grants and reference tokens, and nothing of a JWT", async () => {
    expect((await refresh(since.grant)).error?.code).toBe("invalid_grant");
    expect(await isActive(since.grant?.accessToken)).toBe(false);
    expect(await isActive(since.reference?.accessToken)).toBe(false);
    expect(await isActive(since.plain?.accessToken)).toBe(true);
  });

  it("has lost revocations", async () => {
    expect(await isActive(before.ended?.accessToken)).toBe(true);
    expect(await isActive(before.ended?.refreshToken)).toBe(true);
    expect(await isActive(before.revoked?.accessToken)).toBe(true);
  });

  it("has lost the new key, and signs with the revoked one", async () => {
    expect(await signingKids()).toEqual([replacedKid]);
    expect(await isActive(since.newKey?.accessToken)).toBe(false);
  });

  it("brings a grant forward to its newest refresh token, before which older ones work again", async () => {
    expect(await isActive(before.refreshed?.refreshToken)).toBe(true);
    expect(await isActive(since.replaced?.refreshToken)).toBe(true);
    const next = await refresh(since.refreshed);
    expect(next.error).toBeUndefined();
    expect(await isActive(since.replaced?.refreshToken)).toBe(false);
    expect((await refresh(before.refreshed)).error?.code).toBe("invalid_grant");
    expect(await isActive(next.accessToken)).toBe(false);
  });

  it("ends everything once both keys are rotated as compromised", async () => {
    const reference = await mint("anyone", "offline_access", "reference");
    await rotate("KEY_USE_SIGNING");
    await rotate("KEY_USE_REFRESH");
    for (const { accessToken, refreshToken } of [...Object.values(before), ...Object.values(since), reference]) {
      expect(await isActive(accessToken)).toBe(false);
      if (refreshToken !== undefined) expect((await refresh({ refreshToken })).error?.code).toBe("invalid_grant");
    }
    expect(await isActive((await mint("new")).accessToken)).toBe(true);
  });
}

describe("a SQLite file that is backed up while it is used, and restored", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mintmark-backup-"));
    mkdirSync(join(folder, "data"));
    mkdirSync(join(folder, "backup"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs a block of the page in the folder of the service. */
  async function follow(info: string): Promise<void> {
    const block = blocksOf(page).find((each) => each.info === info);
    if (block === undefined) throw new Error(`The page has no block ${info}.`);
    await runSnippets([`cd '${folder}'\n${block.text}`], {}, 60_000);
  }

  provesThePage(() => ({
    url: `sqlite:${join(folder, "data/mintmark.db")}`,
    backUp: () => follow("bash backup"),
    restore: () => follow("bash restore"),
  }));
});

withMongo("a MongoDB that is dumped while it is used, and restored", (uri) => {
  let database: TestDatabase;
  const dumped = new Map<string, Document[]>();
  beforeAll(() => {
    database = makeDatabase(uri);
  });
  afterAll(() => database.drop());

  provesThePage(() => ({
    url: database.url,
    backUp: () => dump(database, dumped),
    restore: () => restore(database, dumped),
  }));
});

/** As mongodump does: one collection after the other, each value of a row in its own BSON type. */
async function dump({ client, name }: TestDatabase, dumped: Map<string, Document[]>): Promise<void> {
  for (const { collectionName } of await client.db(name).collections()) {
    const rows = client.db(name).collection(collectionName).find({}, { promoteValues: false });
    dumped.set(collectionName, await rows.toArray());
  }
}

/** As mongorestore --drop does. */
async function restore({ client, name }: TestDatabase, dumped: ReadonlyMap<string, Document[]>): Promise<void> {
  await client.db(name).dropDatabase();
  for (const [collection, rows] of dumped) {
    if (rows.length > 0) await client.db(name).collection(collection).insertMany(rows);
  }
}
