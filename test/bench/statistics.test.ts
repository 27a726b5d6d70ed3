import { expect, it } from "vitest";
import { spreadOf } from "../../bench/src/statistics.ts";

it("tells the middle, the least and the most of numbers in any order", () => {
  expect(spreadOf([3, 1, 10])).toEqual({ median: 3, min: 1, max: 10 });
  expect(spreadOf([4, 1, 2, 10])).toEqual({ median: 3, min: 1, max: 10 });
  expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 });
  expect(() => spreadOf([])).toThrow("There are no numbers.");
});
