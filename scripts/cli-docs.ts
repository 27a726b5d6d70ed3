/**
 * Writes docs/cli.md out of the commands' own help. With `--check` it writes nothing and exits with 1 where the file is
 * not what it would write.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cliPage } from "../src/cli/page.ts";

const file = new URL("../docs/cli.md", import.meta.url);
const wanted = cliPage();

if (!process.argv.includes("--check")) {
  writeFileSync(file, wanted);
} else if (readFileSync(file, "utf8") !== wanted) {
  console.error("docs/cli.md is stale: run node scripts/cli-docs.ts");
  process.exitCode = 1;
}
