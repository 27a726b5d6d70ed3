import { Writable } from "node:stream";
import { UsageError } from "./exit.ts";
import type { Io } from "./io.ts";

/**
 * Asks whether to go on, unless `isAgreed` already. Throws {@link UsageError} if not, and if nobody is there to be asked.
 * `what`: what would be done, and what it means.
 */
export async function confirm(io: Io, what: string, isAgreed: boolean): Promise<void> {
  if (isAgreed) return;
  if (!io.stdin.isTTY) throw new UsageError(`${what} Use --yes to confirm.`);
  const answer = await ask(io, `${what} Continue? [y/N] `, io.stderr);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new UsageError("Canceled. Nothing was changed.");
}

/** Asks for what nobody may see: it is not shown while it is typed. */
export async function askHidden(io: Io, what: string): Promise<string> {
  io.stderr.write(`Enter the ${what}: `);
  // Readline echoes what it reads to its output.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const answer = await ask(io, "", silent);
  io.stderr.write("\n");
  return answer;
}

async function ask({ stdin }: Io, question: string, output: NodeJS.WritableStream): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: stdin, output, terminal: true, historySize: 0 });
  const given = new AbortController();
  // Ctrl-C, Ctrl-D: in raw mode the terminal makes no signal of them.
  for (const event of ["SIGINT", "close"] as const) lines.once(event, () => given.abort());
  try {
    return await lines.question(question, { signal: given.signal });
  } catch {
    throw new UsageError("Canceled. Nothing was changed.");
  } finally {
    lines.removeAllListeners("close");
    lines.close();
  }
}
