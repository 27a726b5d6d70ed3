import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";

/** Whether there is a program, that of util-linux, that runs another on a terminal. */
export const hasTerminals =
  spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ?? false;

/** What the key makes at a terminal. */
export const CTRL_C = "\x03";

/** A program on a terminal of its own. */
interface OnTerminal {
  /** Types into the terminal, and ends as the program does. */
  readonly child: ChildProcessWithoutNullStreams;
  /** What the terminal has shown. */
  readonly shown: () => string;
}

/** Runs a line of shell on a terminal. */
export function startOnTerminal(
  line: string,
  cwd: string,
  env: Readonly<Record<string, string | undefined>> = {},
): OnTerminal {
  const child = spawn("script", ["--quiet", "--return", "--command", line, "/dev/null"], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
  });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  return { child, shown: () => text };
}
