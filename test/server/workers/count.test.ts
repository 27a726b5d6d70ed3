import { expect, it } from "vitest";
import { countWorkers } from "../../../src/server/workers/count.ts";

it.each([
  ["auto", "mongodb://127.0.0.1/", 4, 4],
  ["auto", "mongodb+srv://example.com/", 1, 1],
  ["auto", "sqlite:./data/mintmark.db", 4, 1],
  ["auto", "sqlite::memory:", 4, 1],
  [3, "sqlite:./data/mintmark.db", 1, 3],
  [1, "mongodb://127.0.0.1/", 4, 1],
] as const)("%s with %s on %d processors is %d", (workers, store, processors, count) => {
  expect(countWorkers({ workers, store }, processors)).toBe(count);
});
