import { describe, expect, it } from "vitest";
import { fraction, systemRandom } from "../../src/base/random.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("the machine's generator", () => {
  it("never gives bytes twice, however many are drawn", () => {
    const drawn = Array.from({ length: 5_000 }, () => hex(systemRandom.bytes(16)));
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(drawn).not.toContain("0".repeat(32));
  });

  it.each([0, 1, 32, 8_191, 8_192, 8_193, 100_000])("gives %i bytes, all of them random", (length) => {
    const [one, other] = [systemRandom.bytes(length), systemRandom.bytes(length)];
    expect([one.length, other.length]).toEqual([length, length]);
    // A stretch of 16 zeros would not be random, and two stretches alike neither.
    const stretches = [one, other].flatMap((bytes) => hex(bytes).match(/.{32}/g) ?? []);
    expect(new Set([...stretches, "0".repeat(32)]).size).toBe(stretches.length + 1);
  });

  it("keeps nothing of what it gave", () => {
    const [given, later] = [systemRandom.bytes(32), systemRandom.bytes(32)];
    expect(given.buffer).not.toBe(later.buffer);
    expect(given.buffer.byteLength).toBe(32);
  });
});

describe("a fraction", () => {
  it("is at least 0, and less than 1", () => {
    expect(fraction({ bytes: (length) => new Uint8Array(length) })).toBe(0);
    expect(fraction({ bytes: (length) => new Uint8Array(length).fill(255) })).toBeLessThan(1);
  });
});
