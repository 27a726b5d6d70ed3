import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { configJsonSchema } from "../../src/config/json-schema.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const chart = parse(read("deploy/helm/mintmark/Chart.yaml"));
const values = parse(read("deploy/helm/mintmark/values.yaml"));
const schema = JSON.parse(read("deploy/helm/mintmark/values.schema.json"));

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** The paths of the values that a schema knows, but for those in the configuration. */
function pathsOf({ properties = {} }: Schema, above = ""): readonly string[] {
  return Object.entries(properties).flatMap(([name, inner]) => {
    const path = `${above}${name}`;
    return path === "config" || inner.properties === undefined ? [path] : pathsOf(inner, `${path}.`);
  });
}

it("the chart's version is the program's", () => {
  const { version } = JSON.parse(read("package.json"));
  expect(chart).toMatchObject({ version, appVersion: version });
  expect(parse(read("compose.yaml"), { merge: true }).services["node-1"].image).toBe(`mintmark:${version}`);
});

it("its values are shown with their defaults, all of them", () => {
  const known = pathsOf(schema).filter((path) => path !== "global");
  const at = (path: string) => path.split(".").reduce((value, name) => value?.[name], values);
  expect(known.filter((path) => at(path) === undefined)).toEqual([]);
  expect(Object.keys(values).sort()).toEqual(
    Object.keys(schema.properties)
      .filter((name) => name !== "global")
      .sort(),
  );
});

it("its schema has the configuration's in it: npm run gen", () => {
  const { $id, ...config } = schema.properties.config;
  expect($id).toBe("mintmark.schema.json");
  expect(config).toEqual(JSON.parse(configJsonSchema()));
});
