import { beforeEach, describe, expect, it } from "vitest";
import { LineOutput } from "../../src/base/line-output.ts";
import { systemError } from "../support/fake-destination.ts";

let text: string;
let space: number;
let failure: Error | undefined;
let later: (() => void)[];
let blocked: number;
let told: number[];
let output: LineOutput;
beforeEach(() => {
  [text, space, failure, later, blocked, told] = ["", Number.POSITIVE_INFINITY, undefined, [], 0, []];
  output = new LineOutput({
    write,
    after: (_, work) => {
      later.push(work);
      return () => undefined;
    },
    block: () => {
      blocked += 1;
    },
    room: 20,
  });
  output.onLost = (lost) => {
    told.push(lost);
    output.write(`lost ${lost}\n`);
  };
});

/** A pipe that does not block: it takes what it has space for. */
function write(bytes: Uint8Array): number {
  if (space === 0) throw systemError("EAGAIN");
  if (failure !== undefined) throw failure;
  const taken = bytes.subarray(0, space);
  space -= taken.length;
  text += Buffer.from(taken).toString();
  return taken.length;
}

/** Somebody reads some of what the pipe holds. */
function read(bytes: number): void {
  space = bytes;
  for (const work of later.splice(0)) work();
}

describe("an output of lines", () => {
  it("writes each at once", () => {
    output.write("one\n");
    expect(text).toBe("one\n");
  });

  it("has lines wait while nobody reads them, and keeps their order", () => {
    space = 6;
    for (const line of ["one\n", "two\n", "three\n"]) output.write(line);
    expect(text).toBe("one\ntw");
    expect(later).toHaveLength(1);
    read(1);
    expect(text).toBe("one\ntwo");
    space = Number.POSITIVE_INFINITY;
    output.write("four\n");
    expect(text).toBe("one\ntwo");
    read(Number.POSITIVE_INFINITY);
    expect(text).toBe("one\ntwo\nthree\nfour\n");
    output.write("five\n");
    expect(text).toMatch(/four\nfive\n$/);
    expect(told).toEqual([]);
  });

  it("tells a caller who waits once its line is written, which comes after those before it", async () => {
    space = 0;
    output.write("one\n");
    let isWritten = false;
    const written = output.append(Buffer.from("two\n")).then(() => {
      isWritten = true;
    });
    output.write("three\n");
    read(4);
    await undefined;
    expect(isWritten).toBe(false);
    read(4);
    await written;
    expect(text).toBe("one\ntwo\n");
  });

  it("loses lines if too many wait, all up to when these are written, and says there how many", () => {
    space = 0;
    output.write("123456789\n");
    output.write("too long for the rest\n");
    output.write("short\n");
    read(9);
    output.write("short\n");
    expect(told).toEqual([]);
    read(Number.POSITIVE_INFINITY);
    output.write("next\n");
    expect(text).toBe("123456789\nlost 3\nnext\n");
    expect(output.lostInAll).toBe(3);
  });

  it("never loses a line that somebody waits for", async () => {
    space = 0;
    output.write("12345678901234567\n");
    const written = output.append(Buffer.from("more than there is room for\n"));
    read(Number.POSITIVE_INFINITY);
    await written;
    expect(text).toBe("12345678901234567\nmore than there is room for\n");
  });

  it("goes on after an error, on a new line, and says how many lines were lost", async () => {
    space = 2;
    output.write("one\n");
    failure = systemError("ENOSPC");
    read(100);
    await expect(output.append(Buffer.from("two\n"))).rejects.toThrow("ENOSPC");
    output.write("three\n");
    failure = undefined;
    output.write("four\n");
    expect(text).toBe("on\nfour\nlost 2\n");
  });

  it("is flushed at the end, if somebody still reads", () => {
    space = 0;
    output.write("one\n");
    output.flush();
    expect(text).toBe("");
    const tries = blocked;
    expect(tries).toBeGreaterThan(0);
    space = 4;
    output.flush();
    expect([text, blocked]).toEqual(["one\n", tries]);
  });
});
