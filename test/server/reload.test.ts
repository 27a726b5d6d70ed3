import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { hashSecret } from "../../src/registry/secret.ts";
import { gatewayDoor } from "../support/doors.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { startTestService, type TestService } from "../support/service.ts";

let folder: string;
let service: TestService;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-reload-"));
  writeConfig({ acme: ["web"] });
  writeKeys(1);
  service = await startTestService({ MINTMARK_CONFIG: join(folder, "mintmark.yaml") });
});
afterEach(async () => {
  await service.close();
  rmSync(folder, { recursive: true });
});

const secretOf = (id: string) => `${id}-0123456789abcdef`;

/** Writes a configuration with these clients of these tenants. */
function writeConfig(tenants: Readonly<Record<string, readonly string[]>>): void {
  const clientOf = (id: string) => ({ secrets: [hashOf(secretOf(id))], grants: ["arbitrary_no_subject"] });
  const tenantOf = (ids: readonly string[]) => ({
    signing: { algorithm: "EdDSA" },
    clients: Object.fromEntries(ids.map((id) => [id, clientOf(id)])),
  });
  const all = Object.fromEntries(Object.entries(tenants).map(([id, clients]) => [id, tenantOf(clients)]));
  const config = { keyEncryptionKeyFile: join(folder, "keys"), tenants: all };
  writeFileSync(join(folder, "mintmark.yaml"), JSON.stringify(config));
}

function hashOf(secret: string): string {
  return `sha256:${Buffer.from(hashSecret(secret).digest).toString("base64url")}`;
}

const writeKeys = (...numbers: readonly number[]) =>
  writeFileSync(join(folder, "keys"), numbers.map(keyText).join("\n"));

/** What comes of a mint: a token, or the error's code. */
async function mint(tenant: string, id: string): Promise<string> {
  const credentials = { client_id: id, client_secret: secretOf(id) };
  const request = { grant_type: "arbitrary_no_subject", arbitrary_claims: "{}" };
  const { error } = await gatewayDoor(service.publicUrl).mint({ ...credentials, ...request }, tenant);
  return error?.code ?? "minted";
}

const ready = async () => (await fetch(`http://127.0.0.1:${service.managementPort}/readyz?verbose`)).text();
const told = () => service.logger.lines.map(({ fields }) => fields).filter((fields) => "event" in fields);
const lastTold = () =>
  told()
    .filter(({ event }) => !["minted", "client_refused", "refused"].includes(String(event)))
    .at(-1);

it("serves clients and tenants that the file has by now, and no others", async () => {
  expect([await mint("acme", "web"), await mint("other", "app")]).toEqual(["minted", "invalid_request"]);
  writeConfig({ acme: ["app"], other: ["app"] });
  expect([await mint("acme", "web"), await mint("other", "app")]).toEqual(["minted", "invalid_request"]);
  await service.reload();
  expect(await Promise.all([mint("acme", "app"), mint("acme", "web"), mint("other", "app")])).toEqual([
    "minted",
    "invalid_client",
    "minted",
  ]);
  writeConfig({ other: ["app"] });
  await service.reload();
  expect([await mint("acme", "app"), await mint("other", "app")]).toEqual(["invalid_request", "minted"]);
  expect(lastTold()).toMatchObject({ event: "configuration_reloaded", removed: ["tenants.acme"] });
});

it("serves as before if the file cannot be used, and says so where operators look", async () => {
  expect(await ready()).toContain("[+]configuration ok\n");
  writeFileSync(join(folder, "mintmark.yaml"), "tenants:\n  acme: [\n");
  await service.reload();
  expect(await mint("acme", "web")).toBe("minted");
  expect(service.logger.lines.findLast(({ level }) => level === "error")?.fields).toMatchObject({
    event: "reload_refused",
    problems: [expect.stringContaining("mintmark.yaml:3:1: ")],
  });
  await expect
    .poll(ready, { timeout: 10_000 })
    .toMatch(/\[\+\]configuration ok, but the last reload was refused, .+mintmark\.yaml:3:1: /);
  expect(await ready()).toContain("readyz check passed\n");
  writeConfig({ acme: ["web"] });
  await service.reload();
  await expect.poll(ready, { timeout: 10_000 }).toContain("[+]configuration ok\n");
});

it("changes the key-encryption key in steps without a restart", async () => {
  for (const keys of [
    [1, 2],
    [2, 1],
  ]) {
    writeKeys(...keys);
    await service.reload();
    expect(lastTold()).toMatchObject({ event: "configuration_reloaded", changed: ["keyEncryptionKeys"] });
  }
  // A new tenant's keys are sealed under the new one already.
  writeConfig({ acme: ["web"], other: ["app"] });
  await service.reload();
  expect(await mint("other", "app")).toBe("minted");
  writeKeys(2);
  await service.reload();
  expect(lastTold()).toEqual({
    event: "reload_refused",
    trigger: "SIGHUP",
    scope: "configuration",
    problems: [
      expect.stringMatching(/ key 1 of tenant acme cannot be opened: no configured key-encryption key sealed it/),
    ],
  });
  expect(await mint("acme", "web")).toBe("minted");
});
