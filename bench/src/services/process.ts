import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

/** A server in a process of its own. */
export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** How to start a server. */
interface Command {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Starts this Node with arguments, on the environment that is given and no other. */
export function spawnNode({ args, env = {}, cwd }: Command): ChildProcess {
  return spawn(process.execPath, args, {
    ...(cwd !== undefined && { cwd }),
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** Waits until something says yes that is asked every so many milliseconds. Throws if the process ends before. */
export async function untilReady(child: ChildProcess, isReady: () => Promise<boolean>, every = 20): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    if (await isReady().catch(() => false)) return;
    await delay(every);
  }
  throw new Error(`${child.spawnargs.join(" ")} did not start.`);
}

/** Tells a process to stop, and waits until it has. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}
