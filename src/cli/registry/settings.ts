import { type Command, InvalidArgumentError } from "commander";
import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import { Problems } from "../../schema/problems.ts";
import { UsageError } from "../frame/exit.ts";
import type { Io } from "../frame/io.ts";
import { each } from "../remote/token-options.ts";
import { readInputFile } from "./input-file.ts";

/** A setting by its name, with its value as YAML. */
type Assignment = readonly [name: string, value: string];

/** Settings as they were given. */
export interface SettingsOptions {
  readonly file?: string;
  readonly set?: readonly Assignment[];
}

/** Adds `--file` and `--set` to a command that takes settings. `example`: one that such an entry has. */
export function withSettings(command: Command, what: string, example: string): Command {
  return command
    .option("-f, --file <path>", `YAML or JSON file with the settings of the ${what}, or - for standard input`)
    .option("--set <name=value>", `Setting, with its value as YAML, such as ${example} (repeatable)`, assignments);
}

/** The settings that were given: those of `--set` replace those of the file. Throws {@link UsageError}. */
export async function readSettings(io: Io, { file, set = [] }: SettingsOptions): Promise<JsonObject> {
  const problems = new Problems();
  const { parseYaml } = await import("../../schema/yaml.ts");
  const written = file === undefined ? {} : await readMapping(io, file);
  const values = set.map(([name, value]): readonly [string, JsonValue] => [
    name,
    // A star alone would be an alias.
    value === "*" ? value : ((parseYaml(value, `--set ${name}`, problems) ?? null) as JsonValue),
  ]);
  const [problem] = problems.list();
  if (problem !== undefined) throw new UsageError(`${problem}.`);
  return { ...written, ...Object.fromEntries(values) };
}

/** A change of settings as it was given. */
export interface ChangeOptions extends SettingsOptions {
  readonly unset?: readonly string[];
  readonly replace?: boolean;
}

/** Adds `--file`, `--set`, `--unset` and `--replace` to a command that changes settings. */
export function withChange(command: Command, what: string, example: string): Command {
  return withSettings(command, what, example)
    .option("--unset <name>", "Setting that gets its default (repeatable)", each)
    .option("--replace", "Replace all settings: those that are not given get their defaults");
}

/** The settings that change, and their names, or `*` for all. Throws {@link UsageError}. */
export async function readChange(io: Io, options: ChangeOptions) {
  const { file, set, unset = [], replace = false } = options;
  if (file === undefined && set === undefined && unset.length === 0 && !replace) {
    throw new UsageError("Nothing to change: use --set, --unset or --file.");
  }
  const settings = await readSettings(io, options);
  const both = unset.find((name) => Object.hasOwn(settings, name));
  if (both !== undefined) throw new UsageError("--unset cannot name a setting that is set.");
  return { settings, updateMask: replace ? ["*"] : [...Object.keys(settings), ...unset] };
}

async function readMapping(io: Io, file: string): Promise<JsonObject> {
  const { data, name } = await readInputFile(io, file);
  if (isJsonObject(data)) return data;
  throw new UsageError(`${name}: expected a mapping of settings, such as grants: [arbitrary_no_subject].`);
}

function assignments(given: string, before: readonly Assignment[] = []): readonly Assignment[] {
  const [, name, value] = /^([A-Za-z]+)=(.*)$/s.exec(given) ?? [];
  if (name === undefined || value === undefined || value === "") {
    throw new InvalidArgumentError("Expected the name of a setting, = and its value, such as accessTokenLifetime=15m.");
  }
  return [...before, [name, value]];
}
