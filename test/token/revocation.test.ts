import { describe, expect, it } from "vitest";
import { FOREVER } from "../../src/base/clock.ts";
import { isRevoked, revocationIds } from "../../src/token/revocation.ts";

describe("a revocation", () => {
  it("kills what is as old or older, and nothing younger", () => {
    const revocation = { id: "x", notAfter: 100 };
    expect([99, 100, 101].map((time) => isRevoked([revocation], [time]))).toEqual([true, true, false]);
    expect(isRevoked([revocation], [200, 100])).toBe(true);
    expect(isRevoked([{ ...revocation, notAfter: FOREVER }], [Number.MAX_SAFE_INTEGER])).toBe(false);
    expect(isRevoked([{ ...revocation, notAfter: FOREVER }], [4e15])).toBe(true);
    expect(isRevoked([], [0])).toBe(false);
  });

  it("is named by a hash in which no two things meet", () => {
    const ids = [
      revocationIds.jti("a"),
      revocationIds.kid("a"),
      revocationIds.subjectOfClient("a", "b"),
      revocationIds.subjectOfClient("ab", ""),
      revocationIds.subjectOfClient("", "ab"),
      revocationIds.subjectOfNamespace("a", "b"),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^[A-Za-z0-9_-]{43}$/.test(id))).toBe(true);
  });
});
