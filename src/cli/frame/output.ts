import { type Command, Option } from "commander";
import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";
import { didYouMean } from "../../base/nearest.ts";
import { UsageError } from "./exit.ts";
import type { Io, Output } from "./io.ts";
import { formatCell, formatPairs, formatRows } from "./table.ts";

const FORMATS = ["table", "json", "yaml"] as const;

/** How an answer is printed. */
export interface OutputOptions {
  readonly format?: (typeof FORMATS)[number];
  readonly field?: string;
}

/** Adds `--format` and `--field` to a command that prints an answer. */
export function withOutput(command: Command): Command {
  return command
    .addOption(
      new Option("--format <format>", "Output format; defaults to table on a terminal, and to json otherwise").choices(
        FORMATS,
      ),
    )
    .addOption(
      new Option(
        "--field <name>",
        "Print only this field, as plain text, with one line for each item of a list; a.b is a nested field",
      ).conflicts("format"),
    );
}

/**
 * Prints an answer. `view`: how people see it, if not as a table of its members. Throws {@link UsageError} if it has no
 * such field.
 */
export async function print(
  { stdout }: Io,
  answer: JsonValue,
  { format = stdout.isTTY ? "table" : "json", field }: OutputOptions,
  view: (output: Output) => string = (output) => tableOf(answer, output),
): Promise<void> {
  stdout.write(
    `${field === undefined ? await formatted(answer, format, () => view(stdout)) : fieldOf(answer, field)}\n`,
  );
}

async function formatted(answer: JsonValue, format: OutputOptions["format"], view: () => string): Promise<string> {
  if (format === "table") return view();
  if (format === "json") return JSON.stringify(answer, undefined, 2);
  const { stringify } = await import("yaml");
  return stringify(answer).trimEnd();
}

/** An object as pairs, a list of objects as rows. */
function tableOf(answer: JsonValue, output: Output): string {
  if (isJsonObject(answer))
    return formatPairs(
      Object.entries(answer).map(([name, value]) => [name, formatCell(value)]),
      output,
    );
  return Array.isArray(answer) ? rowsOf(answer, output) : formatCell(answer);
}

/** A list of objects as rows, whose columns are the members that any of them has. */
function rowsOf(list: readonly JsonValue[], output: Output): string {
  const objects = list.filter(isJsonObject);
  const names = [...new Set(objects.flatMap(Object.keys))];
  return formatRows(
    objects.map((object) => names.map((name) => formatCell(object[name]))),
    names,
    output,
  );
}

/** A member, by its name or by a path with dots, as a script wants it: text bare, a line for each entry of a list. */
function fieldOf(answer: JsonValue, field: string): string {
  const found = membersAt(answer, field);
  if (found.length === 0 && !(Array.isArray(answer) && answer.length === 0)) {
    const members = isJsonObject(answer) ? answer : membersOf(answer);
    const names = Object.keys(members);
    const within = names.filter((name) => membersAt(members, `${name}.${field}`).length > 0);
    const hint = within.length > 0 ? `; did you mean ${within.map((name) => `${name}.${field}`).join(" or ")}?` : "";
    throw new UsageError(
      `--field: unknown field${hint || didYouMean(field, names) || "."} The fields are ${names.join(", ")}.`,
    );
  }
  return found
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .map(bare)
    .join("\n");
}

function membersAt(value: JsonValue, path: string): readonly JsonValue[] {
  if (Array.isArray(value)) return value.flatMap((entry: JsonValue) => membersAt(entry, path));
  if (!isJsonObject(value)) return [];
  // A claim's name may be a URL: the whole is looked for before its parts.
  const own = Object.hasOwn(value, path) ? value[path] : undefined;
  if (own !== undefined) return [own];
  const dot = path.indexOf(".");
  const first = dot < 0 ? undefined : value[path.slice(0, dot)];
  return first === undefined ? [] : membersAt(first, path.slice(dot + 1));
}

function membersOf(value: JsonValue): JsonObject {
  const first: JsonValue | undefined = Array.isArray(value) ? value[0] : undefined;
  return isJsonObject(first) ? first : {};
}

function bare(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
