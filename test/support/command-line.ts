import { PassThrough, Readable, Writable } from "node:stream";
import type { Io } from "../../src/cli/frame/io.ts";
import { run } from "../../src/cli/run.ts";

/** What is around a command in a test. */
interface Around {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What standard input holds. */
  readonly input?: string;
  /** What is typed at a terminal; standard input and both outputs are one then. */
  readonly typed?: string;
  /** How wide the terminal is. */
  readonly columns?: number;
}

/** What a command did. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, with nothing of this process around it. */
export async function commandLine(args: readonly string[], around: Around = {}): Promise<CommandResult> {
  const { env = {}, cwd = "/nowhere", input = "", typed, columns } = around;
  const isTTY = typed !== undefined;
  const output = () => {
    const chunks: string[] = [];
    const stream = new Writable({ write: (chunk, _encoding, done) => done(void chunks.push(String(chunk))) });
    return Object.assign(stream, { isTTY, written: () => chunks.join(""), ...(columns !== undefined && { columns }) });
  };
  const [stdout, stderr] = [output(), output()];
  const terminal = Object.assign(new PassThrough(), { isTTY, setRawMode: () => terminal });
  const stdin = typed === undefined ? Readable.from([input]) : terminal;
  if (typed !== undefined) {
    // A terminal holds what is typed until it is read.
    terminal.write(typed);
  }
  const code = await run(args, { env, cwd, stdin: stdin as Io["stdin"], stdout, stderr });
  return { code, stdout: stdout.written(), stderr: stderr.written() };
}

/** What a command printed as JSON. Throws if it did not end well. */
export async function commandAnswer(args: readonly string[], around: Around = {}) {
  const { code, stdout, stderr } = await commandLine(args, around);
  if (code !== 0) throw new Error(`It ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}
