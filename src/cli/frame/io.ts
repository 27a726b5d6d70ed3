import { styleText } from "node:util";
import type { Variables } from "../../schema/variables.ts";

/** What a command reads from: a terminal or not. */
type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/** What a command writes to: a terminal or not. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** How much is written that has not left yet. */
  readonly writableLength: number;
};

/** What is around a command line. Commands take all of it from here, so that a test gives them another. */
export interface Io {
  readonly env: Variables;
  /** Where relative paths start. */
  readonly cwd: string;
  readonly stdin: Input;
  /** For what was asked for, and nothing else: programs read it. */
  readonly stdout: Output;
  /** For people: logs, questions, progress, complaints. */
  readonly stderr: Output;
}

/** What is around this process. */
export function processIo(): Io {
  const { env, stdin, stdout, stderr } = process;
  return { env, cwd: process.cwd(), stdin, stdout, stderr };
}

/** Whether colours may be written there: it is a terminal, and neither its kind nor NO_COLOR says otherwise. */
export function hasColours(output: Output): boolean {
  return styleText("bold", "x", { stream: output as NodeJS.WriteStream }) !== "x";
}
