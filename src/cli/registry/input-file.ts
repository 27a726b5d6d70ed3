import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { JsonValue } from "../../base/json.ts";
import { Problems } from "../../schema/problems.ts";
import { UsageError } from "../frame/exit.ts";
import type { Io } from "../frame/io.ts";

/** The data of a file, and how messages name the file. */
interface InputFile {
  readonly name: string;
  readonly data: JsonValue;
}

/**
 * Reads a YAML or JSON file, or standard input for `-`. Throws {@link UsageError} with the lines of all mistakes, and
 * never with what is written there.
 */
export async function readInputFile(io: Io, file: string): Promise<InputFile> {
  const name = file === "-" ? "standard input" : file;
  const { parseYaml } = await import("../../schema/yaml.ts");
  const problems = new Problems();
  const data = parseYaml(file === "-" ? await readInput(io) : readNamed(io, file), name, problems);
  if (problems.list().length > 0) throw new UsageError(problems.list().join("\n"));
  return { name, data: (data ?? null) as JsonValue };
}

async function readInput({ stdin }: Io): Promise<string> {
  if (!stdin.readable) throw new UsageError("Standard input can be used only once.");
  return text(stdin);
}

function readNamed({ cwd }: Io, file: string): string {
  try {
    return readFileSync(resolve(cwd, file), "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new UsageError(`Cannot read ${file} (${code}).`);
  }
}
