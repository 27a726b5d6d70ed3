import { beforeEach, describe, expect, it } from "vitest";
import { AuditUnavailableError, LineWriter } from "../../../src/telemetry/audit/line-writer.ts";
import { type FakeFile, fakeFile, systemError } from "../../support/fake-destination.ts";
import { type RecordingLogger, recordingLogger } from "../../support/logger.ts";

let file: FakeFile;
let logger: RecordingLogger;
beforeEach(() => {
  file = fakeFile();
  logger = recordingLogger();
});

/** A writer that has tried to write its first line. */
async function open(sync = false): Promise<LineWriter> {
  const parts = { open: () => file.open(), sync, firstLine: (lost: number) => `first, ${lost} lost\n`, logger };
  const writer = await LineWriter.open(parts);
  await writer.write().catch(() => undefined);
  return writer;
}

const linesOf = ({ text }: FakeFile) => text.split("\n").slice(0, -1);

/** A line that must not have been written. */
const lost = (written: Promise<void>) => expect(written).rejects.toThrow(AuditUnavailableError);

describe("a line writer", () => {
  it("appends each line, after one that says that it begins", async () => {
    file.text = "of yesterday\n";
    const writer = await open();
    await writer.write("a\n");
    await writer.write("b\n");
    expect(linesOf(file)).toEqual(["of yesterday", "first, 0 lost", "a", "b"]);
    expect(logger.lines).toEqual([]);
  });

  it("writes what comes while it writes in one go", async () => {
    const writer = await open();
    const release = file.hang();
    const first = writer.write("first\n");
    await expect.poll(() => file.calls.write).toBe(2);
    const others = Array.from({ length: 100 }, (_, index) => writer.write(`${index}\n`));
    release();
    await Promise.all([first, ...others]);
    expect(file.calls.write).toBe(3);
    expect(linesOf(file).slice(2)).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
  });

  it("writes the lines of one moment in one go", async () => {
    const writer = await open();
    await Promise.all([writer.write("a\n"), writer.write("b\n")]);
    expect(file.calls.write).toBe(2);
  });

  it("resolves only once the line is written", async () => {
    const writer = await open();
    const release = file.hang();
    let isWritten = false;
    const written = writer.write("a\n").then(() => {
      isWritten = true;
    });
    await expect.poll(() => file.calls.write).toBe(2);
    expect(isWritten).toBe(false);
    release();
    await written;
    expect(linesOf(file)).toContain("a");
  });

  it("goes on where a short write ended", async () => {
    const writer = await open();
    const whole = file.open;
    file.open = async () => {
      const destination = await whole();
      return { ...destination, write: (bytes: Uint8Array) => destination.write(bytes.subarray(0, 3)) };
    };
    await writer.reopen();
    await writer.write("a long line\n");
    expect(linesOf(file)).toEqual(["first, 0 lost", "first, 0 lost", "a long line"]);
  });

  it("syncs only if it is told to", async () => {
    await (await open()).write("a\n");
    expect(file.calls.sync).toBe(0);
    const writer = await open(true);
    expect(file.calls.sync).toBe(1);
    await Promise.all([writer.write("a\n"), writer.write("b\n")]);
    expect(file.calls.sync).toBe(2);
    file.failNext.sync = systemError("EIO");
    await lost(writer.write("c\n"));
    await writer.write("d\n");
    expect(linesOf(file).slice(-2)).toEqual(["first, 1 lost", "d"]);
    expect(writer.lostInAll).toBe(1);
  });

  it("writes all that waits before it closes", async () => {
    const writer = await open();
    const written = writer.write("a\n");
    await writer.close();
    await written;
    expect(file.calls.close).toBe(1);
  });

  it("throws if the destination cannot be opened at the start", async () => {
    file.failNext.open = systemError("EACCES");
    await expect(open()).rejects.toThrow("EACCES");
  });
});

describe("a line writer whose disk is full", () => {
  it("refuses lines until there is room, and then says how many were lost", async () => {
    const writer = await open();
    file.room = 0;
    await lost(writer.write("a\n"));
    await lost(writer.write("b\n"));
    expect(writer.isWritable).toBe(false);
    file.room = Number.POSITIVE_INFINITY;
    await writer.write("c\n");
    expect(writer.isWritable).toBe(true);
    expect(linesOf(file)).toEqual(["first, 0 lost", "first, 2 lost", "c"]);
    expect(writer.lostInAll).toBe(2);
  });

  it("says once that it fails, and once that it does not any more", async () => {
    const writer = await open();
    file.room = 0;
    for (const line of ["a\n", "b\n"]) await lost(writer.write(line));
    file.room = 100;
    for (const line of ["c\n", "d\n"]) await writer.write(line);
    expect(logger.lines).toMatchObject([
      { level: "error", message: "the audit cannot be written", fields: { err: { code: "ENOSPC" } } },
      { level: "warn", message: "the audit can be written again", fields: { lost: 2 } },
    ]);
  });

  it("ends the line that it has torn before the next one", async () => {
    const writer = await open();
    file.room = 4;
    await lost(writer.write("a torn line\n"));
    file.room = 100;
    await writer.write("b\n");
    expect(linesOf(file)).toEqual(["first, 0 lost", "a to", "first, 1 lost", "b"]);
  });

  it("ends a line that an earlier process has torn", async () => {
    file.text = "a torn li";
    await open();
    expect(linesOf(file)).toEqual(["a torn li", "first, 0 lost"]);
  });

  it("refuses all lines of a write that did not succeed whole", async () => {
    const writer = await open();
    file.room = 3;
    await Promise.all(["a\n", "b\n", "c\n"].map((line) => lost(writer.write(line))));
    file.room = 100;
    await writer.write("d\n");
    expect(linesOf(file).at(-2)).toBe("first, 3 lost");
  });

  it("finds out whether there is room without a line, and leaves one only then", async () => {
    const writer = await open();
    file.room = 0;
    await lost(writer.write("a\n"));
    await lost(writer.write());
    file.room = 100;
    await writer.write();
    await writer.write();
    expect(linesOf(file)).toEqual(["first, 0 lost", "first, 1 lost"]);
  });

  it("starts all the same, and fails until there is room", async () => {
    file.room = 0;
    const writer = await open();
    expect(writer.isWritable).toBe(false);
    file.room = 100;
    await writer.write();
    expect([writer.isWritable, linesOf(file)]).toEqual([true, ["first, 0 lost"]]);
  });

  it("refuses lines beyond those that can wait", async () => {
    const writer = await open();
    const release = file.hang();
    const first = writer.write("first\n");
    await expect.poll(() => file.calls.write).toBe(2);
    const waiting = Array.from({ length: 10_000 }, () => writer.write("x\n"));
    await lost(writer.write("too many\n"));
    release();
    await Promise.all([first, ...waiting]);
    expect(linesOf(file).filter((line) => line !== "x")).toEqual(["first, 0 lost", "first", "first, 1 lost"]);
  });
});

describe("a line writer that is told to reopen", () => {
  it("goes on in the new file, and loses no line", async () => {
    const old = file;
    const writer = await open();
    const before = writer.write("before\n");
    file = fakeFile();
    const reopened = writer.reopen();
    const after = writer.write("after\n");
    await Promise.all([before, reopened, after]);
    await writer.write("later\n");
    expect([...linesOf(old), ...linesOf(file)].filter((line) => !line.startsWith("first"))).toEqual([
      "before",
      "after",
      "later",
    ]);
    expect(linesOf(file)).toEqual(expect.arrayContaining(["first, 0 lost", "later"]));
    expect([old.calls.close, file.calls.close]).toEqual([1, 0]);
  });

  it.each(["open", "write"] as const)("goes on in the old file if the new one fails: %s", async (kind) => {
    const old = file;
    const writer = await open();
    file = fakeFile();
    file.failNext[kind] = systemError("EACCES");
    await writer.reopen();
    await writer.write("a\n");
    expect(linesOf(old)).toEqual(["first, 0 lost", "a"]);
    expect(logger.lines).toMatchObject([{ level: "error", message: "the audit cannot be reopened" }]);
    await writer.reopen();
    await writer.write("b\n");
    expect(linesOf(file)).toEqual(["first, 0 lost", "b"]);
  });

  it("opens the file once for all who ask at once", async () => {
    const writer = await open();
    await Promise.all([writer.reopen(), writer.reopen()]);
    expect(file.calls.open).toBe(2);
  });
});
