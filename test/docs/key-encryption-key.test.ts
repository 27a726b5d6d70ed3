import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { gatewayDoor } from "../support/doors.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { processEnv } from "../support/process.ts";
import { startTestService } from "../support/service.ts";
import { blocksOf, runSnippets } from "../support/snippets.ts";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/key-rotation.md"), "utf8");
const steps = page.split("\n").map((line) => line.replace(/^ {3}/, ""));
const blocks = blocksOf(steps.join("\n")).filter(({ info }) => info === "bash key");

const credentials = { client_id: "app", client_secret: "the app's own secret" };

it("the key-encryption key is changed as the page says, while a service runs and without a token that notices", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-key-"));
  const client = { secrets: ["env:APP_SECRET"], grants: ["arbitrary_resource_owner"], allowOfflineAccess: true };
  const config = {
    publicUrl: "https://mint.example",
    keyEncryptionKeyFile: join(folder, "key-encryption-key"),
    tenants: { default: { signing: { algorithm: "ES256" }, clients: { app: client } } },
  };
  writeFileSync(join(folder, "mintmark.yaml"), JSON.stringify(config));
  writeFileSync(join(folder, "key-encryption-key"), `${keyText()}\n`, { mode: 0o600 });
  const env = {
    MINTMARK_CONFIG: join(folder, "mintmark.yaml"),
    MINTMARK_STORE: `sqlite:${join(folder, "mintmark.db")}`,
    APP_SECRET: credentials.client_secret,
  };
  const program = `mintmark() { '${process.execPath}' '${join(root, "src/main.ts")}' "$@"; }`;
  const service = await startTestService(env);
  const door = gatewayDoor(`http://127.0.0.1:${service.httpPort}`);
  const form = {
    grant_type: "arbitrary_resource_owner",
    subject: "a",
    arbitrary_claims: "{}",
    scope: "offline_access",
  };
  const minted = await door.mint({ ...credentials, ...form });

  expect(blocks).toHaveLength(4);
  const said: string[] = [];
  for (const { text } of blocks) {
    const lines = await runSnippets(
      [`cd '${folder}'\n${program}\n${text}`],
      { NODE_COMPILE_CACHE: processEnv.NODE_COMPILE_CACHE, ...env },
      60_000,
    );
    said.push(...lines.flat());
    await service.reload();
    expect(service.logger.lines.map(({ fields }) => fields)).not.toContainEqual(
      expect.objectContaining({ event: "reload_refused" }),
    );
  }
  expect(JSON.parse(said.join("\n"))).toEqual([{ tenant: "default", resealed: 2, keys: 2 }]);
  const next = await door.refresh({ ...credentials, refresh_token: minted.refreshToken ?? "" });
  expect(next.error).toBeUndefined();
  await service.close();

  // With the new key alone.
  const restarted = await startTestService(env);
  const again = gatewayDoor(`http://127.0.0.1:${restarted.httpPort}`);
  expect(await again.introspect({ ...credentials, token: next.accessToken ?? "" })).toMatchObject({ active: true });
  expect(readFileSync(join(folder, "key-encryption-key"), "utf8")).not.toContain(keyText());
  await restarted.close();
  rmSync(folder, { recursive: true });
});
