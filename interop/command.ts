import { spawn } from "node:child_process";
import { once } from "node:events";

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** How a command ended. */
export interface Ended {
  /** Its exit code; undefined if it could not be started, or was killed. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a command runs, and how long it may: then it is killed, with all that it has started. */
interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly milliseconds: number;
}

/** Runs a command to its end. Never rejects. */
export async function run([program, ...args]: Command, { cwd, env, milliseconds }: Surroundings): Promise<Ended> {
  // A process group of its own, so that what it starts ends with it.
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const timer = setTimeout(() => {
    stderr += `\nIt did not end within ${milliseconds / 1000} s.`;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, milliseconds);
  try {
    const [code] = await once(child, "close");
    return { code: code ?? undefined, stdout, stderr };
  } catch (error) {
    return { code: undefined, stdout, stderr: String(error) };
  } finally {
    clearTimeout(timer);
  }
}
