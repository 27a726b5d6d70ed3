import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jweSealer } from "../../src/keyring/seal.ts";
import { isProven, prove } from "../../src/registry/proof.ts";
import { openStore } from "../../src/store/index.ts";
import type { KeyRecord } from "../../src/store/port.ts";
import { revocationIds } from "../../src/token/revocation.ts";
import { aRegistration } from "../store/contract/records.ts";
import { commandAnswer, commandLine } from "../support/command-line.ts";
import { keyBytes, keyText } from "../support/key-encryption-key.ts";
import { allRows } from "../support/registry.ts";

const [OLD, NEW] = [keyText(1), keyText(2)];

let folder: string;
let store: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-commands-"));
  store = `sqlite:${join(folder, "mintmark.db")}`;
  await (await openStore(store)).close();
});
afterEach(() => rmSync(folder, { recursive: true }));

const around = (keys = OLD) => ({ env: { MINTMARK_STORE: store, MINTMARK_KEY_ENCRYPTION_KEY: keys }, cwd: folder });

const ROTATE = ["keys", "rotate", "--store"];
const rotate = (...options: readonly string[]) =>
  commandAnswer([...ROTATE, "--tenant", "default", ...options], around());

async function rows(tenant = "default"): Promise<readonly KeyRecord[]> {
  const opened = await openStore(store);
  const list = await opened.forTenant(tenant).keys.list();
  await opened.close();
  return list;
}

describe("mintmark keys rotate --store", () => {
  it("makes a tenant's next key, with readable times", async () => {
    await rotate("--mode", "compromised", "--yes");
    const { keys, rotated } = await rotate("--mode", "compromised", "--yes");
    expect(rotated).toBe(true);
    expect(keys).toMatchObject([
      { state: "compromised" },
      { state: "active", activateTime: expect.stringMatching(/^20.*Z$/) },
    ]);
    expect(await rows()).toHaveLength(2);
    expect(await rows("acme")).toEqual([]);
  });

  it("writes what it does to the audit, which is not its answer", async () => {
    const audited = async (file: string) => {
      const settings = { audit: { file }, tenants: { default: { clients: {} } } };
      writeFileSync(join(folder, "mintmark.yaml"), JSON.stringify(settings));
      const args = [...ROTATE, "--tenant", "default", "--config", "mintmark.yaml", "--field", "rotated"];
      return commandLine(args, around());
    };
    const isLine = (line: string) => line.startsWith('{"audit":');
    expect(await audited("audit.jsonl")).toMatchObject({ code: 0, stdout: "true\n" });
    const { stdout, stderr } = await audited("stdout");
    expect(stdout).toBe("true\n");
    for (const text of [readFileSync(join(folder, "audit.jsonl"), "utf8"), stderr]) {
      const lines = text.split("\n").filter(isLine);
      expect(JSON.parse(lines.at(-1) ?? "{}")).toMatchObject({
        event: "key_rotated",
        operator: "command line",
        tenant: "default",
        use: "signing",
      });
    }
  });

  it("plans without writing a row", async () => {
    expect(await rotate("--dry-run")).toMatchObject({ rotated: false, keys: [{ generation: 1 }] });
    expect(await rows()).toEqual([]);
  });

  it("is one rotation for one idempotency key", async () => {
    for (let i = 0; i < 2; i++) expect((await rotate("--idempotency-key", "once")).keys).toHaveLength(1);
  });

  it("is in the log by the id of its request", async () => {
    const rotation = [...ROTATE, "--tenant", "default"];
    const { stderr } = await commandLine(rotation, around());
    const lines = stderr.split("\n").filter((line) => line.includes('"key_rotated"'));
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ operation: "rotate", requestId: id }]);
  });

  it("revokes a compromised key only if that is confirmed", async () => {
    const compromised = [...ROTATE, "--tenant", "default", "--mode", "compromised"];
    for (const typed of [undefined, "\n"]) {
      const { code, stderr } = await commandLine(compromised, { ...around(), ...(typed !== undefined && { typed }) });
      expect(code).toBe(1);
      expect(stderr).toContain("revokes the active signing key of the tenant default, and every token that it signed.");
    }
    expect(await rows()).toEqual([]);
    const { code, stdout } = await commandLine(compromised, { ...around(), typed: "y\n" });
    expect(code).toBe(0);
    expect(stripVTControlCharacters(stdout)).toMatch(/KID .*STATE .*\n.*active .*\n\nRotated\.\n/);
  });

  it.each([
    [["--tenant", "default", "--mode", "sudden"], "--mode: Allowed choices are graceful, immediate, compromised."],
    [["--tenant", "default", "--use", "other"], "--use: Allowed choices are signing, refresh."],
    [["--tenant", "nobody"], "--tenant must be one of default, acme."],
    [[], "--tenant <id> is required"],
    [["--tenant", "default", "--address", "http://127.0.0.1:1"], "--store cannot be used with --address."],
  ])("refuses %j, and writes nothing", async (options, message) => {
    const { code, stderr } = await commandLine([...ROTATE, ...options], around());
    expect(code).toBe(1);
    expect(stderr).toContain(`mintmark: ${message}`);
    expect(await rows()).toEqual([]);
  });

  it("ends with 2 if the engine refuses it", async () => {
    const { code, stderr } = await commandLine([...ROTATE, "--tenant", "default", "--kid", "x"], around());
    expect(code).toBe(2);
    expect(stderr).toContain("kid names the leaked key");
  });
});

describe("mintmark keys list --store", () => {
  it("lists both uses, and a field of each", async () => {
    await rotate();
    await rotate("--use", "refresh");
    const list = ["keys", "list", "--store"];
    expect(await commandAnswer(list, around())).toMatchObject([{ use: "signing" }, { use: "refresh" }]);
    const { stdout } = await commandLine([...list, "--field", "use"], around());
    expect(stdout).toBe("signing\nrefresh\n");
  });
});

describe("mintmark reseal", () => {
  const reseal = (keys: string, ...options: readonly string[]) => commandAnswer(["reseal", ...options], around(keys));

  it("lets the old key-encryption key go", async () => {
    await rotate();
    await commandAnswer([...ROTATE, "--tenant", "acme", "--use", "refresh"], around());
    const both = (resealed: number) => ["default", "acme"].map((tenant) => ({ tenant, resealed, keys: 1 }));
    expect(await reseal(`${NEW},${OLD}`)).toEqual(both(1));
    expect(await reseal(NEW)).toEqual(both(0));
    const { code, stderr } = await commandLine(["reseal"], around(OLD));
    expect(code).toBe(1);
    expect(stderr).toContain("no configured key-encryption key sealed it");
  });

  it("does the same for what operators have registered, and says what it cannot prove", async () => {
    const sealers = [1, 2].map((fill) => jweSealer([keyBytes(fill)]));
    const [row, forged] = ["acme", "forged"].map((id) => aRegistration({ kind: "tenant", tenant: id, id }));
    const opened = await openStore(store);
    if (row === undefined || forged === undefined || sealers[0] === undefined) throw new Error("nothing to register");
    await opened.registrations.put(prove({ ...row, id: "stored", tenant: "stored" }, sealers[0]), undefined);
    await opened.registrations.put(forged, undefined);
    const { code, stdout, stderr } = await commandLine(["reseal"], around(`${NEW},${OLD}`));
    expect([code, stderr]).toEqual([0, expect.stringContaining("1 registrations stay as they are")]);
    expect(JSON.parse(stdout)).toContainEqual({ tenant: "stored", resealed: 0, keys: 0 });
    const rows = await allRows(opened.registrations);
    await opened.close();
    expect(rows.map((each) => sealers.map((sealer) => isProven(each, sealer)))).toEqual([
      [false, false],
      [false, true],
    ]);
  });

  it("tells on a terminal how far it is", async () => {
    await rotate();
    const { code, stderr } = await commandLine(["reseal"], { ...around(), typed: "" });
    expect(code).toBe(0);
    expect(stripVTControlCharacters(stderr)).toMatch(/^\rSealing the keys of default \(tenant 1 of 2\).*\r$/s);
  });

  it("takes no old rows any longer if it is told so, and says nothing else of a store that has none", async () => {
    await rotate();
    expect(await reseal(OLD, "--refuse-old-rows")).toEqual([
      { tenant: "default", resealed: 0, keys: 1 },
      { tenant: "acme", resealed: 0, keys: 0 },
    ]);
  });
});

describe("mintmark client revoke --store", () => {
  const revoke = ["client", "revoke", "--store", "--tenant", "acme"];

  it("refuses a store that no service has used, in which it would revoke nothing", async () => {
    const { code, stderr } = await commandLine([...revoke, "--client", "gone", "--yes"], around());
    expect([code, stderr]).toEqual([1, expect.stringContaining("No service has used this store yet: check --config")]);
  });

  it("revokes a client of a tenant, configured or not, and says what it does not reach", async () => {
    await rotate();
    const { warnings } = await commandAnswer([...revoke, "--client", "gone", "--yes"], around());
    expect(warnings).toContainEqual(expect.stringContaining("No client of that id"));
    const opened = await openStore(store);
    expect(await opened.forTenant("acme").revocations.find([revocationIds.client("gone")])).toHaveLength(1);
    await opened.close();
  });

  it("needs the client's id, and to be told to go on", async () => {
    expect((await commandLine([...revoke, "--yes"], around())).stderr).toContain("--client <id> is required");
    expect((await commandLine([...revoke, "--client", "x"], around())).stderr).toContain("Use --yes to confirm.");
  });
});
