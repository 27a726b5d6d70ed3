import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { makeDatabase, withMongo } from "../support/mongodb.ts";
import { serveOnce } from "./serve.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "dist/executable");

// What the setup built is bundled already.
beforeAll(() => {
  execFileSync(process.execPath, [join(root, "scripts/build-executable.ts")], { stdio: "inherit" });
});

it("the executable mints, with no Node and nothing else beside it", async () => {
  const { claims, code } = await serveOnce(join(folder, "mintmark"), []);
  expect(claims).toMatchObject({ sub: "alice" });
  expect(code).toBe(0);
});

withMongo("the executable on MongoDB", (uri) => {
  it("mints", async () => {
    const database = makeDatabase(uri);
    const { claims, code } = await serveOnce(join(folder, "mintmark"), [], { env: { MINTMARK_STORE: database.url } });
    await database.drop();
    expect(claims).toMatchObject({ sub: "alice" });
    expect(code).toBe(0);
  });
});

it("the licenses of Node and of the bundled packages are beside it", () => {
  const text = readFileSync(join(folder, "licenses.txt"), "utf8");
  expect(text).toContain(`Node.js ${process.version}`);
  expect(text).toContain("mongodb 7");
});
