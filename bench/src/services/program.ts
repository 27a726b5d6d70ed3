import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { freePort } from "../../../test/support/free-port.ts";
import { accepts } from "./listening.ts";
import { type ServerProcess, spawnNode, stop, untilReady } from "./process.ts";

/** The path of a program of the bench, such as `baselines/node-http.ts`. */
function pathOf(name: string): string {
  return join(import.meta.dirname, "..", name);
}

/** Starts a program that serves on the port of its first argument. */
export async function launchProgram(
  name: string,
  ...args: readonly string[]
): Promise<{ child: ChildProcess; port: number }> {
  const port = await freePort();
  return { child: spawnNode({ args: [pathOf(name), String(port), ...args] }), port };
}

/** Starts a program that serves on the port of its first argument, and waits until it does. */
export async function startProgram(name: string, ...args: readonly string[]): Promise<ServerProcess> {
  const { child, port } = await launchProgram(name, ...args);
  await untilReady(child, () => accepts(port));
  return { pid: child.pid ?? 0, port, stop: () => stop(child) };
}

/** Runs a program for so many seconds, and returns the number that it prints. */
export async function runProgram(name: string, seconds: number): Promise<number> {
  const child = spawn(process.execPath, [pathOf(name), String(seconds)], { stdio: ["ignore", "pipe", "inherit"] });
  return Number(await text(child.stdout));
}
