import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { loadConfig } from "../../src/config/load.ts";
import { fileWorld, KEY } from "./context.ts";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const example = read("mintmark.example.yaml");

/** The example with the settings that need a file or a variable, too. */
const whole = example.replaceAll(/^( *)#(?=[a-zA-Z-])/gm, "$1");

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly description?: string;
}

/** Every key that a schema names, with `*` for names that are free. What clients leave out has the keys of clients. */
function keysOf(schema: Schema, path = ""): readonly { path: string; schema: Schema }[] {
  const named = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => [
    { path: `${path}.${key}`, schema: value },
    ...(key === "clientDefaults" ? [] : keysOf(value, `${path}.${key}`)),
  ]);
  return schema.additionalProperties ? [...named, ...keysOf(schema.additionalProperties, `${path}.*`)] : named;
}

/** Whether a path leads somewhere in the data. */
function has(data: unknown, [step, ...rest]: readonly string[]): boolean {
  if (step === undefined) return true;
  if (typeof data !== "object" || data === null) return false;
  if (step === "*") return Object.values(data).some((value) => has(value, rest));
  return Object.entries(data).some(([key, value]) => key === step && has(value, rest));
}

describe("the example", () => {
  test("loads as it is, with a key-encryption key", () => {
    const { tenants, warnings } = loadConfig(fileWorld(example));
    expect([...tenants.keys()]).toEqual(["acme"]);
    expect(warnings).toEqual([]);
  });

  test("loads with all that needs a file or a variable", () => {
    const files = {
      "/etc/mintmark/key-encryption-key": KEY,
      "/etc/mintmark/audit-key": KEY,
      "/etc/mintmark/acme-web-secret": "another secret of it\n",
      "/etc/mintmark/tls.crt": read("test/support/tls/cert.pem"),
      "/etc/mintmark/client-ca.crt": read("test/support/tls/client-ca.pem"),
      "/etc/mintmark/services-ca.crt": read("test/support/tls/client-ca.pem"),
      "/etc/mintmark/operators-ca.crt": read("test/support/tls/client-ca.pem"),
      "/etc/mintmark/tls.key": read("test/support/tls/key.pem"),
    };
    const config = loadConfig(
      fileWorld(
        whole,
        { ACME_WEB_SECRET: "a web client's secret", ALICE_OPERATOR_SECRET: "an operator's secret" },
        files,
      ),
    );
    const tenants = config.tenants;
    expect(
      tenants
        .get("acme")
        ?.clients.get("web")
        ?.secrets.map(({ kind }) => kind),
    ).toEqual(["sha256", "sha256", "sha256", "scrypt"]);
    expect([...(tenants.get("acme")?.operators.keys() ?? [])]).toEqual(["alice"]);
    expect(config.warnings).toEqual([]);
  });

  const keys = keysOf(JSON.parse(configJsonSchema()) as Schema);

  test("shows every key", () => {
    expect(keys.length).toBeGreaterThan(40);
    const data: unknown = parse(whole);
    expect(keys.map(({ path }) => path).filter((path) => !has(data, path.split(".").slice(1)))).toEqual([]);
  });

  test("says of every key what it is", () => {
    const lines = whole.split("\n");
    for (const { path } of keys) {
      const key = path.split(".").at(-1);
      const at = lines.findIndex((line) => line.trim().startsWith(`${key}:`));
      expect(lines[at - 1]?.trim(), path).toMatch(/^#/);
    }
  });

  test("points editors to the schema", () => {
    expect(example.split("\n")[0]).toBe("# yaml-language-server: $schema=./mintmark.schema.json");
  });
});

test("the minimal configuration loads as it is, with its two variables", () => {
  const minimal = read("mintmark.minimal.yaml");
  const config = loadConfig(fileWorld(minimal, { WEB_SECRET: "0123456789abcdef".repeat(4) }));
  expect([...(config.tenants.get("default")?.clients.keys() ?? [])]).toEqual(["web"]);
  expect(config.warnings).toEqual([]);
  expect(minimal).toContain("yaml-language-server: $schema=./mintmark.schema.json");
});

describe("the JSON Schema", () => {
  test("is the one that is published", () => {
    expect(read("mintmark.schema.json")).toBe(configJsonSchema());
  });

  test("describes every key", () => {
    const keys = keysOf(JSON.parse(configJsonSchema()) as Schema);
    expect(keys.filter(({ schema }) => !schema.description).map(({ path }) => path)).toEqual([]);
  });
});
