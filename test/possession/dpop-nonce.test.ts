import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { isDpopNonce, makeDpopNonce } from "../../src/possession/dpop-nonce.ts";

const NOW = 1_700_000_040_000;
const SLOT = 60_000;
const mac = (generation: number, text: string) =>
  generation > 2 ? undefined : createHmac("sha256", `key ${generation}`).update(text).digest("base64url");

describe("a nonce", () => {
  it("is the same on every node within a minute, and another one later", () => {
    expect(makeDpopNonce(NOW, 1, mac)).toBe(makeDpopNonce(NOW + SLOT - 1 - (NOW % SLOT), 1, mac));
    expect(makeDpopNonce(NOW, 1, mac)).not.toBe(makeDpopNonce(NOW + SLOT, 1, mac));
  });

  it.each([
    [-SLOT, true],
    [0, true],
    [SLOT, true],
    [2 * SLOT, false],
    [-2 * SLOT, false],
  ])("that is given out is accepted %i ms later: %s", (later, isAccepted) => {
    expect(isDpopNonce(makeDpopNonce(NOW, 1, mac) ?? "", NOW + later, mac)).toBe(isAccepted);
  });

  it("is accepted after a rotation of the key", () => {
    expect(isDpopNonce(makeDpopNonce(NOW, 2, mac) ?? "", NOW, mac)).toBe(true);
  });

  it("of another key is refused", () => {
    const other = (_: number, text: string) => createHmac("sha256", "other").update(text).digest("base64url");
    expect(isDpopNonce(makeDpopNonce(NOW, 1, other) ?? "", NOW, mac)).toBe(false);
  });

  it("of an unknown key is refused, and not made", () => {
    expect(makeDpopNonce(NOW, 3, mac)).toBeUndefined();
    expect(isDpopNonce((makeDpopNonce(NOW, 1, mac) ?? "").replace(/^1/, "3"), NOW, mac)).toBe(false);
  });

  it.each(["", "1.", "1.x", `0.${"A".repeat(43)}`, `1.${"A".repeat(44)}`])("that is %j is refused", (nonce) => {
    expect(isDpopNonce(nonce, NOW, mac)).toBe(false);
  });
});
