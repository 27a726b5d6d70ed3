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
  /** What the system says if anything is written to standard output, such as ENOSPC. */
  readonly failure?: string;
}

/** What a command did. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, with nothing of this process around it. */
export async function commandLine(args: readonly string[], around: Around = {}): Promise<CommandResult> {
  const { env = {}, cwd = "/nowhere", input = "", typed, columns, failure } = around;
  const isTTY = typed !== undefined;
  const terminal = Object.assign(new PassThrough(), { isTTY, setRawMode: () => terminal });
  const lines = typed?.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const output = () => {
    const chunks: string[] = [];
    function write(chunk: unknown, _encoding: unknown, done: () => void): void {
      chunks.push(String(chunk));
      // Whoever sits at the terminal answers each question once it is asked.
      if (/[:\]] $/.test(String(chunk))) terminal.write(lines.shift() ?? "\n");
      done();
    }
    const size = columns === undefined ? {} : { columns };
    return Object.assign(new Writable({ write }), { isTTY, ...size, written: () => chunks.join("") });
  };
  const [stdout, stderr] = [failure === undefined ? output() : failing(failure), output()];
  const stdin = isTTY ? terminal : Readable.from([input]);
  const code = await run(args, { env, cwd, stdin: stdin as Io["stdin"], stdout, stderr });
  return { code, stdout: stdout.written(), stderr: stderr.written() };
}

/** An output that takes nothing. */
function failing(code: string) {
  const write = (_chunk: unknown, _encoding: unknown, done: (error: Error) => void) =>
    done(Object.assign(new Error(code), { code }));
  return Object.assign(new Writable({ write }), { isTTY: false, written: () => "" });
}

/** What a command printed as JSON. Throws if it did not end well. */
export async function commandAnswer(args: readonly string[], around: Around = {}) {
  const { code, stdout, stderr } = await commandLine(args, around);
  if (code !== 0) throw new Error(`It ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}
