import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../../src/cli/command.ts";
import { reseal } from "../../src/cli/reseal.ts";
import { revokeClient } from "../../src/cli/revoke-client.ts";
import { rotate } from "../../src/cli/rotate.ts";
import { loadConfig } from "../../src/config/load.ts";
import { grants } from "../../src/grants/index.ts";
import { SealError } from "../../src/keyring/seal.ts";
import { openStore } from "../../src/store/index.ts";
import type { KeyRecord } from "../../src/store/port.ts";
import { revocationIds } from "../../src/token/revocation.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { recordingLogger } from "../support/logger.ts";

const [OLD, NEW] = [keyText(1), keyText(2)];

let folder: string;
let store: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-commands-"));
  store = `sqlite:${join(folder, "mintmark.db")}`;
});
afterEach(() => rmSync(folder, { recursive: true }));

const config = (keys = OLD) =>
  loadConfig({
    argv: [],
    env: { MINTMARK_STORE: store, MINTMARK_KEY_ENCRYPTION_KEY: keys },
    readFile: () => "",
    cwd: folder,
    grantTypes: grants.map((grant) => grant.grantType),
  });

const run = async (options: Record<string, string | boolean>) =>
  JSON.parse((await rotate.run(config(), recordingLogger(), options)) ?? "");

async function rows(tenant = "default"): Promise<readonly KeyRecord[]> {
  const opened = await openStore(store);
  const list = await opened.forTenant(tenant).keys.list();
  await opened.close();
  return list;
}

describe("mintmark rotate", () => {
  it("makes a tenant's next key, with readable times", async () => {
    await run({ mode: "compromised" });
    const { keys, rotated } = await run({ mode: "compromised" });
    expect(rotated).toBe(true);
    expect(keys).toMatchObject([
      { state: "compromised" },
      { state: "active", activateAt: expect.stringMatching(/^20.*Z$/) },
    ]);
    expect(await rows()).toHaveLength(2);
    expect(await rows("acme")).toEqual([]);
  });

  it("plans without writing a row", async () => {
    expect(await run({ "dry-run": true })).toMatchObject({ rotated: false, keys: [{ generation: 1 }] });
    expect(await rows()).toEqual([]);
  });

  it("is one rotation for one idempotency key", async () => {
    for (let i = 0; i < 2; i++) expect((await run({ "idempotency-key": "once" })).keys).toHaveLength(1);
  });

  it.each([
    [{ mode: "sudden" }, "--mode must be one of graceful, immediate, compromised."],
    [{ use: "other" }, "--use must be one of signing, refresh."],
    [{ tenant: "nobody" }, "--tenant must be one of default, acme."],
  ])("refuses %j, and writes nothing", async (options, message) => {
    await expect(rotate.run(config(), recordingLogger(), options)).rejects.toThrow(new UsageError(message));
    expect(await rows()).toEqual([]);
  });
});

describe("mintmark reseal", () => {
  it("lets the old key-encryption key go", async () => {
    await run({});
    await run({ use: "refresh", tenant: "acme" });
    const logger = recordingLogger();
    expect(await reseal.run(config(`${NEW},${OLD}`), logger, {})).toBe(
      "default: 1 of 1 keys resealed\nacme: 1 of 1 keys resealed",
    );
    expect(await reseal.run(config(NEW), logger, {})).toBe("default: 0 of 1 keys resealed\nacme: 0 of 1 keys resealed");
    await expect(reseal.run(config(OLD), logger, {})).rejects.toThrow(SealError);
  });

  it("takes no old rows any longer if it is told so, and says nothing else of a store that has none", async () => {
    await run({});
    const said = await reseal.run(config(), recordingLogger(), { "refuse-old-rows": true });
    expect(said).toBe("default: 0 of 1 keys resealed\nacme: 0 of 0 keys resealed");
  });
});

describe("mintmark revoke-client", () => {
  const revoke = (options: Record<string, string>) => revokeClient.run(config(), recordingLogger(), options);

  it("cuts a client of a tenant, configured or not, and says what it does not reach", async () => {
    const { warnings } = JSON.parse((await revoke({ client: "gone", tenant: "acme" })) ?? "");
    expect(warnings).toContainEqual(expect.stringContaining("No client of that id"));
    const opened = await openStore(store);
    expect(await opened.forTenant("acme").revocations.find([revocationIds.client("gone")])).toHaveLength(1);
    await opened.close();
  });

  it("needs the client's id", async () => {
    await expect(revoke({})).rejects.toThrow(UsageError);
  });
});
