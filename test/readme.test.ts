import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expectClaims } from "./docs/resemble.ts";
import { processEnv } from "./support/process.ts";
import { startTestService, type TestService } from "./support/service.ts";
import { blocksOf, runSnippets } from "./support/snippets.ts";

const root = join(import.meta.dirname, "..");

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

it("the README's gRPC client works as it is", async () => {
  const page = readFileSync(join(root, "README.md"), "utf8").replaceAll("http://127.0.0.1:7001", service.publicUrl);
  const blocks = blocksOf(page);
  const code = blocks.find(({ info }) => info === "js");
  const told = blocks.find(({ info, section }) => info === "json access_token" && section === code?.section);
  if (code === undefined || told === undefined)
    throw new Error("The README shows no gRPC client, or not what it prints.");
  const here = code.text.replace("127.0.0.1:7002", `127.0.0.1:${service.rpcPort}`);
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", here], {
    cwd: root,
    timeout: 15_000,
  });
  expectClaims("README.md", told, stdout.trim());
});

// It starts four processes one after the other.
it("the README's session on the command line works as it is", { timeout: 60_000 }, async () => {
  const page = readFileSync(join(root, "README.md"), "utf8");
  const session = blocksOf(page).find(({ info, text }) => info === "sh" && text.includes("mintmark mint"));
  if (session === undefined) throw new Error("The README shows no session on the command line.");
  const program = `mintmark() { '${process.execPath}' '${join(root, "src/main.ts")}' "$@"; }`;
  const env = { NODE_COMPILE_CACHE: processEnv.NODE_COMPILE_CACHE, MINTMARK_ADDRESS: service.publicUrl };
  const [lines] = await runSnippets([`${program}\n${session.text}`], env, 60_000);
  const answers = (lines ?? []).join("\n");
  expect(JSON.parse(answers.slice(0, answers.lastIndexOf("}") + 1))).toMatchObject({
    active: true,
    sub: "alice",
    role: ["admin", "limited"],
  });
  expect(lines?.at(-1)).toBe("false");
});
