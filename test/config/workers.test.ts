import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { context, fileWorld, problemsOf, SECRET } from "./context.ts";

const withWorkers = (workers: string) =>
  `workers: ${workers}\ntenants: { a: { clients: { web: { secrets: ["${SECRET}"] } } } }`;

test.each([
  ["auto", {}, "auto"],
  ["4", {}, 4],
  ["4", { MINTMARK_WORKERS: "2" }, 2],
  ["4", { MINTMARK_WORKERS: "auto" }, "auto"],
] as const)("workers: %s with %j is %s", (workers, env, expected) => {
  expect(loadConfig(fileWorld(withWorkers(workers), env)).workers).toBe(expected);
});

test("workers is auto if nobody says anything", () => {
  expect(loadConfig(context()).workers).toBe("auto");
});

test.each(["0", "257", "1.5", "many"])("workers cannot be %s", (workers) => {
  const expected = "expected auto, or a whole number from 1 to 256";
  expect(problemsOf(fileWorld(withWorkers(workers)))).toEqual([expect.stringContaining(`workers: ${expected}`)]);
  const env = { MINTMARK_WORKERS: workers };
  expect(problemsOf(context({ env }))).toEqual([expect.stringContaining(`MINTMARK_WORKERS: ${expected}`)]);
});

test("a store in memory has room for one", () => {
  const env = { MINTMARK_STORE: "sqlite::memory:" };
  expect(problemsOf(context({ env: { ...env, MINTMARK_WORKERS: "2" } }))).toEqual([
    "workers: expected auto or 1, as a store in memory cannot be shared (MINTMARK_WORKERS)",
  ]);
  for (const workers of ["1", "auto"])
    expect(problemsOf(context({ env: { ...env, MINTMARK_WORKERS: workers } }))).toEqual([]);
});
