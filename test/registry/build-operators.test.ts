import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { operatorsOf as operatorsIn } from "../../src/registry/build-operators.ts";
import { hashSecret } from "../../src/registry/secret.ts";
import type { Variables } from "../../src/schema/variables.ts";
import { fileWorld, PLAIN_SECRET, problemsOf, SECRET } from "../config/context.ts";

/** A context with the tenants acme and beta, and these operators. */
function withOperators(operators: unknown, env: Variables = {}, beta: object = {}) {
  return fileWorld(JSON.stringify({ operators, tenants: { acme: {}, beta } }), env);
}

/** The operators of a tenant. */
function operatorsOf(tenant: string, operators: unknown, env: Variables = {}) {
  return loadConfig(withOperators(operators, env)).tenants.get(tenant)?.operators;
}

describe("operators", () => {
  test("are put on the tenants that they name, and on no other", () => {
    const operators = {
      alice: { secrets: [SECRET], tenants: ["acme"] },
      "bob@example.com": { secrets: ["env:BOB", SECRET], tenants: "*" },
    };
    const secret = hashSecret(PLAIN_SECRET);
    const roles = new Set(["keys"]);
    const alice = { id: "alice", roles, tenants: new Set(["acme"]), secrets: [secret] };
    const bob = { id: "bob@example.com", roles, tenants: "*", secrets: [hashSecret("the secret of bob"), secret] };
    const env = { BOB: "the secret of bob" };
    expect(operatorsOf("acme", operators, env)).toEqual(new Map(Object.entries({ alice, "bob@example.com": bob })));
    expect(operatorsOf("beta", operators, env)).toEqual(new Map([["bob@example.com", bob]]));
  });

  test("have the roles that are named", () => {
    const roles = ["clients", "read", "read"];
    const operators = operatorsOf("acme", { a: { secrets: [SECRET], tenants: "*", roles } });
    expect(operators?.get("a")?.roles).toEqual(new Set(["clients", "read"]));
  });

  test("may be for tenants that are not in the file", () => {
    const all = { a: { secrets: [SECRET], tenants: ["acme", "later"] }, b: { secrets: [SECRET], tenants: "*" } };
    const { operators } = loadConfig(withOperators(all)).rules;
    const names = (tenant: string) => [...operatorsIn(operators, tenant).keys()];
    expect([names("acme"), names("beta"), names("later"), names("other")]).toEqual([
      ["a", "b"],
      ["b"],
      ["a", "b"],
      ["b"],
    ]);
    expect([...operators.all.keys()]).toEqual(["a", "b"]);
  });

  test("are none unless configured", () => {
    expect(operatorsOf("acme", {})).toEqual(new Map());
    expect(operatorsOf("acme", undefined)).toEqual(new Map());
  });

  test.each([
    [{ a: { secrets: [SECRET] } }, 'operators.a.tenants: expected a list of tenants, or "*" for all, got nothing'],
    [{ a: { secrets: [SECRET], tenants: [] } }, "operators.a.tenants: expected at least one tenant"],
    [{ a: { secrets: [SECRET], tenants: "acme" } }, 'operators.a.tenants: expected a list of tenants, or "*" for all'],
    [{ a: { secrets: [SECRET], tenants: ["acme", "toString"] } }, "operators.a.tenants[1]: expected a tenant id"],
    [{ a: { tenants: "*" } }, "operators.a.secrets: expected a list, got nothing"],
    [{ a: { secrets: [SECRET], tenants: "*", roles: [] } }, "operators.a.roles: expected at least one role"],
    [
      { a: { secrets: [SECRET], tenants: "*", roles: ["admin"] } },
      'operators.a.roles[0]: expected one of keys, clients, tenants, read, got "admin"',
    ],
    [{ a: { secrets: [], tenants: "*" } }, "operators.a.secrets: expected at least one secret"],
    [{ a: { secrets: ["hunter2"], tenants: "*" } }, "operators.a.secrets[0]: expected sha256:"],
    [{ a: { secrets: ["env:NONE"], tenants: "*" } }, "operators.a.secrets[0]: the variable NONE is missing or empty"],
    [
      { a: { secret: SECRET, secrets: [SECRET], tenants: "*" } },
      "operators.a.secret: unknown key; did you mean secrets?",
    ],
    [{ é: { secrets: [SECRET], tenants: "*" } }, 'operators["é"]: expected an operator id: printable ASCII'],
    [["a"], "operators: expected a mapping, got a list"],
  ])("are refused: %j", (operators, problem) => {
    const problems = problemsOf(withOperators(operators));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
    expect(problems[0]).not.toContain("hunter2");
  });

  test("have credentials that all of their tenants take", () => {
    const beta = { limits: { credentialLength: 8 } };
    const operators = (tenants: unknown) => ({ "operator-1": { secrets: ["env:LONG"], tenants } });
    const problems = (tenants: unknown, LONG: string) => problemsOf(withOperators(operators(tenants), { LONG }, beta));
    expect(problems(["acme"], "0123456789".repeat(10))).toEqual([]);
    expect(problems(["acme"], "x".repeat(101))).toEqual([
      "operators.operator-1.secrets[0]: expected the variable LONG to have at most 100 characters (tenants.acme.limits.credentialLength)",
    ]);
    expect(problems("*", "123456789")).toEqual([
      "operators.operator-1: expected an id of at most 8 characters (tenants.beta.limits.credentialLength)",
      "operators.operator-1.secrets[0]: expected the variable LONG to have at most 8 characters (tenants.beta.limits.credentialLength)",
    ]);
  });
});
