import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { keyText } from "../support/key-encryption-key.ts";
import { buildImage, type Image, makeReadOnly } from "./image.ts";
import { serveOnce } from "./serve.ts";

const SECRET = "a secret of this test alone";

const CONFIG = JSON.stringify({
  publicUrl: "http://127.0.0.1:7001",
  tenants: { default: { clients: { web: { secrets: ["env:WEB_SECRET"], grants: ["arbitrary_resource_owner"] } } } },
});

let image: Image;
beforeAll(() => {
  image = buildImage();
});
afterAll(() => image.remove());

/** Only root can become the image's user; anybody else has no more rights to what is read-only. */
const user = () => (process.getuid?.() === 0 ? { uid: image.user, gid: image.user } : {});

function run([program = "", ...args]: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const env = { ...image.env, ...secrets(), ...more };
  return spawnSync(program, args, { cwd: image.workdir, env, encoding: "utf8", ...user() });
}

const secrets = () => ({ WEB_SECRET: SECRET, MINTMARK_KEY_ENCRYPTION_KEY: keyText() });

/** All that is in the image but in its folder for data. */
const files = () =>
  readdirSync(image.folder, { recursive: true, encoding: "utf8" }).filter(
    (path) => !path.includes("lib/mintmark/data"),
  );

it("without a configuration it says what is missing", () => {
  const { status, stderr } = run(image.command);
  expect(stderr).toContain(`cannot read ${image.env.MINTMARK_CONFIG} (ENOENT)`);
  expect(status).toBe(1);
});

it("mints, and is healthy, as a user without rights, on a read-only copy, and writes nothing but its data", async () => {
  const config = image.env.MINTMARK_CONFIG ?? "";
  mkdirSync(dirname(config), { recursive: true });
  writeFileSync(config, CONFIG);
  makeReadOnly(image.folder, image.workdir);
  const before = files();
  const [program = "", ...args] = image.command;
  const { claims, code } = await serveOnce(program, args, {
    cwd: image.workdir,
    env: { ...image.env, ...secrets(), HOME: "/nonexistent" },
    client: `web:${SECRET}`,
    ...(process.getuid?.() === 0 ? { user: image.user } : {}),
    async whileItRuns(url) {
      expect(run(image.healthcheck, { MINTMARK_ADDRESS: url })).toMatchObject({ status: 0, stderr: "" });
    },
  });
  expect(run(image.healthcheck)).toMatchObject({ status: 3 });
  expect(claims).toMatchObject({ sub: "alice", client_id: "web" });
  expect(code).toBe(0);
  expect(files()).toEqual(before);
  expect(readdirSync(join(image.workdir, "data"))).toContain("mintmark.db");
});
