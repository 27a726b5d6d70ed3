import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openFile } from "../../../src/telemetry/audit/file.ts";
import { LineWriter } from "../../../src/telemetry/audit/line-writer.ts";
import { makeFolder, removeFolder } from "../../store/sqlite/folder.ts";
import { systemError } from "../../support/fake-destination.ts";
import { recordingLogger } from "../../support/logger.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await makeFolder();
  path = join(folder, "audit.jsonl");
});
afterEach(() => removeFolder(folder));

describe("an audit's file", () => {
  it("is made for its owner alone, and appended to", async () => {
    for (const text of ["a\n", "b\n"]) {
      const file = await openFile(path);
      expect(file.isTorn).toBe(false);
      expect(await file.write(Buffer.from(text))).toBe(2);
      await file.sync();
      await file.close();
    }
    expect(readFileSync(path, "utf8")).toBe("a\nb\n");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("keeps the rights that somebody gave it", async () => {
    writeFileSync(path, "");
    chmodSync(path, 0o640);
    await (await openFile(path)).close();
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it("tells whether it ends within a line", async () => {
    writeFileSync(path, "whole\nto");
    const file = await openFile(path);
    expect(file.isTorn).toBe(true);
    await file.close();
  });

  it("counts as torn if it may be written but not read", async () => {
    writeFileSync(path, "whole\n");
    const file = await openFile(path, async () => Promise.reject(systemError("EACCES")));
    expect(file.isTorn).toBe(true);
    await file.close();
  });

  it("counts as torn if another has its name by the time that it is read, as it was rotated", async () => {
    writeFileSync(path, "to");
    const file = await openFile(path, async () => {
      renameSync(path, `${path}.1`);
      writeFileSync(path, "\n\n");
      return open(path, "r");
    });
    expect(file.isTorn).toBe(true);
    await file.close();
  });

  it("keeps together what several processes write", async () => {
    const files = [await openFile(path), await openFile(path)];
    await Promise.all(files.map((file, index) => file.write(Buffer.from(`${String(index).repeat(100_000)}\n`))));
    for (const file of files) await file.close();
    expect(
      readFileSync(path, "utf8")
        .split("\n")
        .map(({ length }) => length),
    ).toEqual([100_000, 100_000, 0]);
  });

  it("is made anew if it was deleted while it is written, and no other time", async () => {
    const logger = recordingLogger();
    const firstLine = () => "first\n";
    const writer = await LineWriter.open({ open: () => openFile(path), sync: false, firstLine, logger });
    await writer.write("a\n");
    renameSync(path, `${path}.1`);
    await writer.write("b\n");
    expect(readFileSync(`${path}.1`, "utf8")).toBe("first\na\nb\n");
    expect(logger.lines).toEqual([]);
    rmSync(`${path}.1`);
    await writer.write("c\n");
    await writer.write("d\n");
    expect(readFileSync(path, "utf8")).toBe("first\nc\nd\n");
    expect(logger.lines).toMatchObject([{ level: "warn", message: expect.stringContaining("was deleted") }]);
    await writer.close();
  });

  it("cannot be opened in a folder that is not there", async () => {
    await expect(openFile(join(folder, "missing", "audit.jsonl"))).rejects.toThrow("ENOENT");
  });

  it.skipIf(!existsSync("/dev/full"))("fails if the disk is full", async () => {
    const file = await openFile("/dev/full");
    await expect(file.write(Buffer.from("a\n"))).rejects.toThrow("ENOSPC");
    await file.close();
  });
});
