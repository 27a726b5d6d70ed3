import { describe, expect, test } from "vitest";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { FOREIGN } from "../../src/schema/foreign-words.ts";
import { fileWorld, problemsOf, yamlOf } from "../config/context.ts";

describe("what other programs call a key", () => {
  test.each([
    [yamlOf({}, {}, { tls: { cert: "a", key_file: "b" } }), "tls.cert", "certificate"],
    [yamlOf({}, {}, { tls: { cert: "a", key_file: "b" } }), "tls.key_file", "key"],
    [yamlOf({}, {}, { database: "postgres://user:hunter2@db" }), "database", "store"],
    [yamlOf({ AllowedScopes: [] }), "tenants.acme.clients.web.AllowedScopes", "scopes"],
    [yamlOf({ client_secret: "hunter2" }), "tenants.acme.clients.web.client_secret", "secrets"],
    [yamlOf({}, { signing: { alg: "RS256" } }), "tenants.acme.signing.alg", "algorithm"],
  ])("is answered with ours: %s", (yaml, where, meant) => {
    const problems = problemsOf(fileWorld(yaml));
    expect(problems).toContain(`${where}: unknown key; did you mean ${meant}?`);
    expect(problems.join()).not.toContain("hunter2");
  });

  test("is only answered with keys that there are", () => {
    for (const key of Object.keys(FOREIGN)) expect(configJsonSchema()).toContain(`"${key}": {`);
  });
});
