import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { claimsOf } from "./support/decode.ts";
import { startTestService, type TestService } from "./support/service.ts";

const root = join(import.meta.dirname, "..");

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

it("the README's gRPC client works as it is", async () => {
  const [, code = ""] = /```js\n(.*?)```/s.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
  const here = code.replace("127.0.0.1:7002", `127.0.0.1:${service.rpcPort}`);
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", here], {
    cwd: root,
    timeout: 15_000,
  });
  expect(claimsOf(stdout.trim())).toMatchObject({ sub: "Ratt", scope: ["nitro"] });
});
