import * as z from "zod";
import { hintFor } from "./foreign-words.ts";
import type { Path, Problems } from "./problems.ts";

/** A schema that is used once or twice is read faster as it is than compiled first. */
const READ_ONCE = true;

/** The longest text that an error quotes. */
const MAX_SHOWN = 60;

/** zod's `error` option for a leaf: says what was expected and what was found. */
export function expected(what: string): { error: (issue: { input?: unknown }) => string } {
  return { error: ({ input }) => `expected ${what}, got ${show(input)}` };
}

/** The same for values that may be confidential: says only what kind of value was found. */
export function expectedUnseen(what: string): { error: (issue: { input?: unknown }) => string } {
  return { error: ({ input }) => `expected ${what}, got ${kindOf(input)}` };
}

/**
 * Parses data by a schema, and notes every problem. Returns undefined if there was one.
 *
 * `entryOf`: the path of the entry that a problem spoils, if the rest means the same without it. If every problem spoils
 * such an entry alone, the data without these entries is returned, so that what they mean can be checked too.
 */
export function readShape<T>(
  schema: z.ZodType<T>,
  data: unknown,
  problems: Problems,
  entryOf: (path: Path) => Path | undefined = () => undefined,
): T | undefined {
  const result = schema.safeParse(data, { error: explain, jitless: READ_ONCE });
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    // An issue about unknown keys has one line for each.
    for (const line of issue.message.split("\n")) noteIssue(issue, line, problems.at(...issue.path));
  }
  const spoilt = result.error.issues.flatMap(placesOf).map(entryOf);
  const rest = spoilt.every((path) => path !== undefined) ? without(data, spoilt) : undefined;
  return rest === undefined ? undefined : schema.safeParse(rest).data;
}

/** Where an issue is. One about unknown keys has the path of what contains them. */
function placesOf(issue: z.core.$ZodIssue): readonly Path[] {
  return issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
}

/** The data without what is at these paths. It is copied once, as all of ten thousand clients may have a mistake. */
function without(data: unknown, paths: readonly Path[]): unknown {
  const pathsByStep = Map.groupBy(paths, ([step = ""]) => step);
  const kept = Object.entries(data as object).flatMap(([key, value]: [string, unknown]) => {
    const further = pathsByStep.get(key)?.map((path) => path.slice(1)) ?? [];
    if (further.some(({ length }) => length === 0)) return [];
    return [[key, further.length === 0 ? value : without(value, further)]];
  });
  return Object.fromEntries(kept);
}

function noteIssue(issue: z.core.$ZodIssue, line: string, problems: Problems): void {
  if (issue.code !== "unrecognized_keys") {
    problems.add(line);
    return;
  }
  const [key, hint] = JSON.parse(line) as [string, string];
  problems.at(key).add(`unknown key${hint}`);
}

/** The messages for schemas without one of their own. None quotes a value: it could be a misplaced secret. */
const explain: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${KINDS[issue.expected] ?? issue.expected}, got ${kindOf(issue.input)}`;
    case "too_small":
      return `expected at least ${issue.minimum}${unitOf(issue.origin)}, got ${sizeOf(issue.input)}`;
    case "too_big":
      return `expected at most ${issue.maximum}${unitOf(issue.origin)}, got ${sizeOf(issue.input)}`;
    case "invalid_value":
      return `expected ${issue.values.map(String).join(" or ")}, got ${kindOf(issue.input)}`;
    case "invalid_key":
      return issue.issues.map(({ message }) => message).join("; ");
    case "unrecognized_keys":
      return issue.keys.map((key) => JSON.stringify([key, hintFor(key, keysOf(issue.inst))])).join("\n");
    default:
      return "not valid";
  }
};

const KINDS: Readonly<Record<string, string>> = {
  object: "a mapping",
  record: "a mapping",
  array: "a list",
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

function keysOf(schema: unknown): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" || origin === "record" || origin === "object" ? " entries" : "";
}

function sizeOf(value: unknown): string {
  if (typeof value === "string" || Array.isArray(value)) return String(value.length);
  return typeof value === "number" ? String(value) : kindOf(value);
}

/** Quotes a value, shortened. A string with an @ may be a URL with a password, and is not quoted. */
function show(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string" || value.includes("@")) return kindOf(value);
  return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value);
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return KINDS[typeof value] ?? "something else";
}
