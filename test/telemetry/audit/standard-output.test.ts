import { beforeEach, describe, expect, it } from "vitest";
import { standardOutput } from "../../../src/telemetry/audit/standard-output.ts";
import { systemError } from "../../support/fake-destination.ts";

let written: string[];
let failures: Error[];
beforeEach(() => {
  written = [];
  failures = [];
});

/** Takes at most ten bytes at once. */
async function writeSome(bytes: Uint8Array): Promise<number> {
  const failure = failures.shift();
  if (failure !== undefined) throw failure;
  const taken = bytes.subarray(0, 10);
  written.push(Buffer.from(taken).toString());
  return taken.length;
}

const bytes = (text: string) => Buffer.from(text);

describe("standard output", () => {
  it("gets one line with each write, so that none is mixed with one of the log", async () => {
    const destination = await standardOutput(writeSome)();
    expect(await destination.write(bytes("one\ntwo\n"))).toBe(4);
    expect(await destination.write(bytes("two\n"))).toBe(4);
    expect(written).toEqual(["one\n", "two\n"]);
  });

  it("waits for whoever reads it while it is full", async () => {
    const destination = await standardOutput(writeSome)();
    failures = [systemError("EAGAIN"), systemError("EAGAIN")];
    expect(await destination.write(bytes("one\n"))).toBe(0);
    expect(await destination.write(bytes("one\n"))).toBe(0);
    expect(await destination.write(bytes("one\n"))).toBe(4);
  });

  it("fails if nobody reads it", async () => {
    const destination = await standardOutput(writeSome)();
    failures = [systemError("EPIPE")];
    await expect(destination.write(bytes("one\n"))).rejects.toThrow("EPIPE");
  });

  it("tells whether it ends within a line", async () => {
    const open = standardOutput(writeSome);
    const destination = await open();
    expect(await destination.write(bytes("more than ten\n"))).toBe(10);
    expect((await open()).isTorn).toBe(true);
    expect(await destination.write(bytes("ten\n"))).toBe(4);
    expect((await open()).isTorn).toBe(false);
  });
});
