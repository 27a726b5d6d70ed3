/**
 * Writes mintmark.schema.json, by which editors complete and check the configuration file. With `--check` it writes
 * nothing and exits with 1 where the file is not what it would write.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { configJsonSchema } from "../src/config/json-schema.ts";

const file = new URL("../mintmark.schema.json", import.meta.url);
const wanted = configJsonSchema();

if (!process.argv.includes("--check")) {
  writeFileSync(file, wanted);
} else if (readFileSync(file, "utf8") !== wanted) {
  console.error("mintmark.schema.json is stale: run node scripts/config-schema.ts");
  process.exitCode = 1;
}
