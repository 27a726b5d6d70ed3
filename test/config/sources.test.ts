import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { context, fileWorld, problemsOf, SECRET } from "./context.ts";

describe("YAML", () => {
  test.each([
    ["tenants:\n  a: 1\n  a: 2", "mint.yaml:3:3: a key that is already in this mapping"],
    ['tenants: { a: { b: 1, "b": 2 }, b: 1 }', "mint.yaml:1:23: a key that is already in this mapping"],
    ["tenants:\n\ta: 1", "mint.yaml:2:1: a tab where spaces are expected"],
    ["tenants: 'x", "mint.yaml:1:12: something is missing"],
    ["a: 1\n---\nb: 2", "mint.yaml:2:1: a second document"],
    ["a: !secret x", "mint.yaml:1:4: an unknown tag"],
    ["? [a]\n: 1", "mint.yaml:1:3: a key that is not a string"],
    ["a:\n  __proto__: 1", "mint.yaml:2:3: __proto__ cannot be a key"],
    ["a: &x [*x]", "mint.yaml: too many aliases"],
  ])("%j", (yaml, problem) => {
    const problems = problemsOf(fileWorld(yaml));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test("aliases cannot make a small file huge", () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(10)}]`);
    const bomb = ["l0: &l0 [lol]", ...levels].join("\n");
    expect(problemsOf(fileWorld(bomb))).toEqual(["mint.yaml: too many aliases, or an alias that contains itself"]);
  });

  test("an alias repeats what it stands for", () => {
    const yaml = `tenants: { a: &t { clients: { web: { secrets: ["${SECRET}"] } } }, b: *t }`;
    expect(loadConfig(fileWorld(yaml)).tenants.get("b")?.clients.size).toBe(1);
  });

  test("a number is no less a key", () => {
    const yaml = `tenants: { 42: { clients: { 007: { secrets: ["${SECRET}"] } } } }`;
    expect(loadConfig(fileWorld(yaml)).tenants.get("42")?.clients.has("007")).toBe(true);
  });
});

test("a file that is not there is told", () => {
  expect(problemsOf(context({ path: "gone.yaml" }))).toEqual(["cannot read /srv/gone.yaml (ENOENT)"]);
});

describe("the variables", () => {
  test("an unknown variable of the service is told, with the nearest known one", () => {
    const env = { MINTMARK_HTTP_ADRESS: "x", MINTMARK_COLOUR: "x", MINT: "x", MINTMARK_HTTP_PORT: "8080" };
    expect(problemsOf(context({ env }))).toEqual([
      "MINTMARK_HTTP_ADRESS: unknown variable; did you mean MINTMARK_HTTP_ADDRESS?",
      "MINTMARK_COLOUR: unknown variable",
      "MINTMARK_HTTP_PORT: unknown variable",
    ]);
  });

  test("what commands read that call a service is no problem", () => {
    const env = { MINTMARK_ADDRESS: "http://mint", MINTMARK_CLIENT_SECRET: "x", MINTMARK_OPERATOR_ID: "x" };
    expect(problemsOf(context({ env }))).toEqual([]);
  });

  test("what Kubernetes sets for a service of this name is no problem", () => {
    const env = {
      MINTMARK_PORT: "tcp://10.0.0.1:7001",
      MINTMARK_SERVICE_HOST: "10.0.0.1",
      MINTMARK_SERVICE_PORT: "7001",
      MINTMARK_SERVICE_PORT_HTTP: "7001",
      MINTMARK_PORT_7001_TCP: "tcp://10.0.0.1:7001",
      MINTMARK_PORT_7001_TCP_ADDR: "10.0.0.1",
      MINTMARK_RPC_SERVICE_HOST: "10.0.0.1",
      MINTMARK_RPC_PORT: "tcp://10.0.0.1:7002",
    };
    expect(problemsOf(context({ env }))).toEqual([]);
  });
});
