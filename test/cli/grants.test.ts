import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEVELOPMENT_CLIENT } from "../../src/config/development.ts";
import { openStore } from "../../src/store/index.ts";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
import { commandAnswer, commandLine } from "../support/command-line.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { startTestService, type TestService } from "../support/service.ts";

let folder: string;
let service: TestService;
beforeAll(async () => {
  folder = await makeFolder();
  service = await startTestService();
});
afterAll(async () => {
  await service.close();
  await removeFolder(folder);
});

const around = () => ({
  cwd: folder,
  env: {
    MINTMARK_ADDRESS: service.publicUrl,
    MINTMARK_CLIENT_ID: DEVELOPMENT_CLIENT.id,
    MINTMARK_CLIENT_SECRET: DEVELOPMENT_CLIENT.secret,
    MINTMARK_OPERATOR_ID: "operator",
    MINTMARK_OPERATOR_SECRET: "secret",
  },
});

const MINT = ["mint", "--grant-type", "arbitrary_identity", "--scope", "nitro offline_access", "--subject"];
const list = (...options: readonly string[]) => commandAnswer(["grant", "list", ...options], around());

describe("mintmark grant", () => {
  it("lists the grants of a subject and ends one of them", async () => {
    for (const subject of ["alice", "alice", "bob"]) await commandAnswer([...MINT, subject], around());
    const [newest, oldest] = await list("--subject", "alice");
    expect(newest).toEqual({
      id: expect.any(String),
      client: DEVELOPMENT_CLIENT.id,
      subject: "alice",
      scopes: ["nitro", "offline_access"],
      state: "active",
      mintTime: expect.stringMatching(/^20.*Z$/),
      expireTime: expect.stringMatching(/^20.*Z$/),
    });
    const revoke = ["grant", "revoke", "--tenant", "default", "--grant", newest.id];
    expect(await commandLine(revoke, around())).toMatchObject({ code: 1 });
    expect(await commandAnswer([...revoke, "--yes"], around())).toMatchObject({ id: newest.id, state: "revoked" });
    expect(await list("--subject", "alice")).toMatchObject([{ state: "revoked" }, { id: oldest.id, state: "active" }]);
    const all = await list("--client", DEVELOPMENT_CLIENT.id);
    expect(all).toHaveLength(3);
    expect(await list("--client", DEVELOPMENT_CLIENT.id, "--limit", "2")).toEqual(all.slice(0, 2));
  });

  it("refuses what makes no sense, with the exit codes of all commands", async () => {
    expect(await commandLine(["grant", "list"], around())).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--subject or --client is required."),
    });
    expect(await commandLine(["grant", "list", "--client", "a", "--limit", "0"], around())).toMatchObject({ code: 1 });
    const unknown = ["grant", "revoke", "--tenant", "default", "--grant", "nothing", "--yes"];
    expect(await commandLine(unknown, around())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("There is no such grant."),
    });
  });

  it("works at the store", async () => {
    const store = `sqlite:${folder}/mintmark.db`;
    await (await openStore(store)).close();
    const env = { MINTMARK_STORE: store, MINTMARK_KEY_ENCRYPTION_KEY: keyText(1) };
    expect(await commandAnswer(["grant", "list", "--store", "--client", "web"], { cwd: folder, env })).toEqual([]);
  });
});
