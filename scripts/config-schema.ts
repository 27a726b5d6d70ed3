/**
 * Writes mintmark.schema.json, by which editors complete and check the configuration file, and the same into the schema of
 * the Helm chart's values. With `--check` it writes nothing and exits with 1 if a file is not what it would write.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configJsonSchema } from "../src/config/json-schema.ts";

const root = join(import.meta.dirname, "..");
const CHART_SCHEMA = "deploy/helm/mintmark/values.schema.json";

const read = (path: string) => readFileSync(join(root, path), "utf8");

/** The schema of the chart's values as it is, with the configuration's schema of today. */
function chartSchema(): string {
  const schema = JSON.parse(read(CHART_SCHEMA));
  // With an id of its own, its references stay within it.
  schema.properties.config = { $id: "mintmark.schema.json", ...JSON.parse(configJsonSchema()) };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

const wanted = new Map([
  ["mintmark.schema.json", configJsonSchema()],
  [CHART_SCHEMA, chartSchema()],
]);

for (const [path, text] of wanted) {
  if (!process.argv.includes("--check")) {
    writeFileSync(join(root, path), text);
  } else if (read(path) !== text) {
    console.error(`${path} is stale: run node scripts/config-schema.ts`);
    process.exitCode = 1;
  }
}
