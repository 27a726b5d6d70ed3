import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { UsageError } from "./exit.ts";
import type { Io } from "./io.ts";
import { askHidden } from "./prompt.ts";

/** Where something confidential may come from. It is never an argument: every user of a machine sees those. */
interface Sources {
  /** What it is, such as `token`, in questions and complaints. */
  readonly what: string;
  /** A file that was named, or `-` for standard input. */
  readonly file?: string | undefined;
  /** The variable that holds it; none unless given. */
  readonly variable?: string;
  /** Whether the variable with `_FILE` behind its name may name a file that holds it. */
  readonly hasFileVariable?: boolean;
  /** Whether standard input is read if nothing else is given and it is no terminal. */
  readonly takesInput?: boolean;
}

/**
 * Reads something confidential: from the file that was named, from its variable, from the file that a variable names, from
 * standard input, or by asking for it without an echo. One line end behind it is no part of it. Throws {@link UsageError}
 * if there is none; no message repeats what was given, for that may be the thing itself in the wrong place.
 */
export async function readConfidential(io: Io, sources: Sources): Promise<string> {
  const { what, file, variable, hasFileVariable = false, takesInput = false } = sources;
  if (file !== undefined) return file === "-" ? readInput(io) : readNamed(io, file, what);
  const direct = variable && io.env[variable];
  const named = hasFileVariable ? io.env[`${variable}_FILE`] : undefined;
  if (direct !== undefined && named) throw new UsageError(`${variable} cannot be used with ${variable}_FILE.`);
  if (direct !== undefined) return direct;
  if (named) return readNamed(io, named, what);
  if (io.stdin.isTTY) return askHidden(io, what);
  if (takesInput) return readInput(io);
  throw new UsageError(
    `The ${what} is required: set ${variable}${hasFileVariable ? `, or ${variable}_FILE to the path of a file that contains it` : ""}.`,
  );
}

/** A JSON text that was given as it is, as `@FILE`, or as `-` for standard input. */
export async function readText(io: Io, given: string, option: string): Promise<string> {
  if (given === "-") return readInput(io);
  if (!given.startsWith("@")) return given;
  return readNamed(io, given.slice(1), `JSON of ${option}`);
}

async function readInput({ stdin }: Io): Promise<string> {
  if (!stdin.readable) throw new UsageError("Standard input can be used only once.");
  return withoutLineEnd(await text(stdin));
}

function readNamed({ cwd }: Io, path: string, what: string): string {
  try {
    return withoutLineEnd(readFileSync(resolve(cwd, path), "utf8"));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new UsageError(`Cannot read the file for the ${what} (${code}). Expected a path, not the value itself.`);
  }
}

function withoutLineEnd(given: string): string {
  return given.replace(/\r?\n$/, "");
}
