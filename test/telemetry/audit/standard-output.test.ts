import { beforeEach, describe, expect, it } from "vitest";
import { standardOutput } from "../../../src/telemetry/audit/standard-output.ts";
import { systemError } from "../../support/fake-destination.ts";

let written: string[];
let failure: Error | undefined;
beforeEach(() => {
  written = [];
  failure = undefined;
});

async function writeLine(line: Uint8Array): Promise<void> {
  if (failure !== undefined) throw failure;
  written.push(Buffer.from(line).toString());
}

const bytes = (text: string) => Buffer.from(text);

describe("standard output", () => {
  it("gets one line with each write, so that none is mixed with one of the log", async () => {
    const destination = await standardOutput(writeLine)();
    expect(await destination.write(bytes("one\ntwo\n"))).toBe(4);
    expect(await destination.write(bytes("two\n"))).toBe(4);
    expect(await destination.write(bytes("torn"))).toBe(4);
    expect(written).toEqual(["one\n", "two\n", "torn"]);
  });

  it("fails if nobody reads it", async () => {
    const destination = await standardOutput(writeLine)();
    failure = systemError("EPIPE");
    await expect(destination.write(bytes("one\n"))).rejects.toThrow("EPIPE");
  });
});
