import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Client, fetchPackages, prove } from "../../interop/client.ts";
import { run } from "../../interop/command.ts";
import type { Toolchain } from "../../interop/toolchains.ts";

let folder: string;
let source: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-client-"));
  source = join(folder, "source");
  mkdirSync(source);
  writeFileSync(join(source, "main"), "");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A client whose packages, compiler and program are lines for a shell. */
function client(start: string, { fetch = "true", build, needs = "sh" }: Partial<Record<keyof Toolchain, string>> = {}) {
  const shell = (line: string) => ["sh", "-c", line] as const;
  const toolchain = { needs: [needs], fetch: [shell(fetch)], start: shell(start) };
  return { name: "c", source, toolchain: { ...toolchain, ...(build && { build: shell(build) }) } } satisfies Client;
}

/** What becomes of it. */
async function outcomeOf(each: Client) {
  const own = join(folder, "own");
  const { result, words } = (await fetchPackages(each, own)) ?? (await prove(each, own, { TOLD: "a word" }));
  return `${result}: ${words}`;
}

it("a client that proves something, in a copy of its folder, is ok", async () => {
  const each = client('ls; cat fetched built; echo "$TOLD"', { fetch: "echo f > fetched", build: "echo b > built" });
  expect(await outcomeOf(each)).toBe("ok: built, fetched, main, f, b, a word");
  expect(readdirSync(source)).toEqual(["main"]);
});

it.each<[string, () => Client, string]>([
  ["ends with another code", () => client("echo one; echo no >&2; exit 3"), "failed: sh ended with 3: no (after: one)"],
  [
    "tells where it went wrong before it tells what",
    () => client("echo 'throw new SomeError()' >&2; echo 'SomeError: no' >&2; exit 1"),
    "failed: sh ended with 1: SomeError: no",
  ],
  ["proves nothing", () => client("true"), "failed: sh ended with 0: it said nothing"],
  ["cannot be compiled", () => client("echo one", { build: "false" }), "failed: sh ended with 1: it said nothing"],
  ["needs a program that is not here", () => client("echo one", { needs: "no-such" }), "skipped: no no-such here"],
  [
    "gets no packages",
    () => client("echo one", { fetch: "printf '\\033[31mETIMEDOUT\\033[0m'; exit 1" }),
    "skipped: its packages cannot be fetched: sh ended with 1: ETIMEDOUT",
  ],
  [
    "gets other packages than those that are locked",
    () => client("echo one", { fetch: "echo EINTEGRITY >&2; exit 1" }),
    "failed: its packages cannot be fetched: sh ended with 1: EINTEGRITY",
  ],
])("a client that %s is told of", async (_, each, outcome) => {
  expect(await outcomeOf(each())).toBe(outcome);
});

it("a command that hangs is killed, and so is what it has started", async () => {
  const ended = await run(["sh", "-c", "sleep 600 & sleep 600"], { cwd: folder, env: process.env, milliseconds: 50 });
  expect(ended).toMatchObject({ code: undefined, stderr: expect.stringContaining("did not end within 0.05 s") });
});

it("a program that cannot be started is told of", async () => {
  const ended = await run(["no-such-program"], { cwd: folder, env: process.env, milliseconds: 10_000 });
  expect(ended).toMatchObject({ code: undefined, stderr: expect.stringContaining("ENOENT") });
});
