import { describe, expect, it } from "vitest";
import { activeKey } from "../../src/keyring/schedule.ts";

describe("active key", () => {
  const keys = [
    { generation: 1, activateAt: 100 },
    { generation: 3, activateAt: 300 },
    { generation: 2, activateAt: 400 },
  ];

  it.each([
    [99, undefined],
    [100, 1],
    [299, 1],
    [300, 3],
    [400, 3],
  ])("at %i is generation %s", (now, generation) => {
    expect(activeKey(keys, now)?.generation).toBe(generation);
  });
});
