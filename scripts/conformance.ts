import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const VERSION = "v1.0.5";

const root = join(import.meta.dirname, "..");
const folder = join(root, "test/conformance");

/** Builds Connect's own runner, once, where nobody looks. Needs Go. */
function runner(): string {
  const built = join(root, "node_modules/.cache", `conformance-${VERSION}`);
  const program = join(built, "connectconformance");
  if (existsSync(program)) return program;
  const source = `connectrpc.com/conformance/cmd/connectconformance@${VERSION}`;
  execFileSync("go", ["install", source], { env: { ...process.env, GOBIN: built }, stdio: "inherit" });
  return program;
}

/** The runner gives each server ten seconds to start: none starts beside another, and what one compiled the next one has. */
const env = { ...process.env, NODE_COMPILE_CACHE: join(root, "node_modules/.cache/conformance-compiled") };

/** Has the runner call one door with every protocol that it serves, and says whether all went as its list says. */
function run(program: string, door: string): boolean {
  console.log(`The door ${door}:`);
  const known = `@${join(folder, `${door}-failing.txt`)}`;
  const server = [process.execPath, join(folder, "server.ts"), door];
  const conf = join(folder, `${door}.yaml`);
  const options = ["--mode", "server", "--max-servers", "1", "--conf", conf, "--known-failing", known];
  return spawnSync(program, [...options, "--", ...server], { env, stdio: "inherit" }).status === 0;
}

if (spawnSync("go", ["version"]).error !== undefined) {
  console.error("npm run conformance needs Go, which builds Connect's runner: https://go.dev/dl/");
  process.exit(1);
}
const program = runner();
process.exitCode = ["http", "grpc"].map((door) => run(program, door)).every(Boolean) ? 0 : 1;
