import { expect, it } from "vitest";
import { once } from "../../src/base/once.ts";

it("makes nothing before it is asked, and then one thing for all who ask", () => {
  let count = 0;
  const made = once(() => ({ count: ++count }));
  expect(count).toBe(0);
  expect(made()).toBe(made());
  expect(count).toBe(1);
});
