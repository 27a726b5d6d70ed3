import { parseArgs } from "node:util";
import { didYouMean } from "../base/nearest.ts";
import type { Problems } from "../schema/problems.ts";

/** The path that `--config PATH` or `--config=PATH` gives. `argv` is without the program's own name. */
export function readConfigPath(argv: readonly string[], problems: Problems): string | undefined {
  const { tokens } = parseArgs({
    args: [...argv],
    options: { config: { type: "string" } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const paths: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") problems.add(`${token.value}: unexpected argument`);
    if (token.kind !== "option") continue;
    if (token.name !== "config")
      problems.add(`${token.rawName}: unknown option${didYouMean(token.name, ["config"], "--")}`);
    else if (token.value === undefined || token.value === "") problems.add("--config: expected a path");
    else paths.push(token.value);
  }
  if (paths.length > 1) problems.add("--config: expected once");
  return paths[0];
}
