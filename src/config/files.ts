import type { Problems } from "../schema/problems.ts";

/** Reads a file as UTF-8. Throws as `node:fs` does. */
export type ReadFile = (path: string) => string;

/** Returns the file's text, or notes a problem and returns undefined. */
export function readText(readFile: ReadFile, path: string, problems: Problems): string | undefined {
  try {
    return readFile(path);
  } catch (error) {
    problems.add(`cannot read ${path} (${errorCode(error)})`);
    return undefined;
  }
}

/** The code of a system error, such as ENOENT. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
