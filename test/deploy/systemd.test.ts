import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const path = join(import.meta.dirname, "../../deploy/systemd/mintmark.service");
const unit = readFileSync(path, "utf8");
const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

/** The most that `systemd-analyze security` may call it exposed, of 100. */
const MAX_EXPOSURE = 15;

/** What a unit file says: its values by section and key, a list where a key is repeated. */
function read(text: string): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, string[]>();
  let section = "";
  for (const line of text.split("\n")) {
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (name !== undefined) section = name;
    else if (line !== "" && !line.startsWith("#")) {
      const [, key = "", value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
      expect(key, line).not.toBe("");
      settings.set(`${section}.${key}`, [...(settings.get(`${section}.${key}`) ?? []), value]);
    }
  }
  return settings;
}

/** Runs `systemd-analyze` on the unit, with a program that is there on every machine. */
function analyze(...args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-unit-"));
  const file = join(folder, "mintmark.service");
  writeFileSync(file, unit.replace("/usr/local/bin/mintmark", "/bin/true"));
  const { status, stdout, stderr } = spawnSync("systemd-analyze", [...args, file], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return { status, output: `${stdout}${stderr}` };
}

describe("mintmark.service", () => {
  const settings = read(unit);

  it("has the key-encryption key from a credential, and no secret in it", () => {
    expect(settings.get("Service.LoadCredential")).toEqual(["key-encryption-key:/etc/mintmark/key-encryption-key"]);
    expect(settings.get("Service.Environment")).toContain("MINTMARK_KEY_ENCRYPTION_KEY_FILE=%d/key-encryption-key");
  });

  it("tells the service alone to stop, so that a launcher does not pass on what it got already", () => {
    expect(settings.get("Service.KillMode")).toEqual(["mixed"]);
  });

  it("leaves V8 its memory, and takes everything else away", () => {
    expect(settings.get("Service.MemoryDenyWriteExecute")).toBeUndefined();
    expect(settings.get("Service.DynamicUser")).toEqual(["yes"]);
    expect(settings.get("Service.CapabilityBoundingSet")).toEqual([""]);
    expect(settings.get("Service.ProtectSystem")).toEqual(["strict"]);
    expect(settings.get("Service.SystemCallFilter")).toEqual(["@system-service", "~@privileged @resources"]);
  });

  it.skipIf(!hasSystemd)("is one that systemd takes", () => {
    expect(analyze("verify")).toEqual({ status: 0, output: "" });
  });

  it.skipIf(!hasSystemd)("is hardened, as systemd sees it", () => {
    const { status, output } = analyze("security", "--offline=true", "--no-pager", `--threshold=${MAX_EXPOSURE}`);
    expect(output).toContain("Overall exposure level");
    expect(status).toBe(0);
  });
});
