import { once } from "node:events";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { type Answer, type Door, gatewayDoor, rpcDoor } from "../../support/doors.ts";
import { keyText } from "../../support/key-encryption-key.ts";
import { type ServiceProcess, startProcess } from "../../support/process.ts";

/** One service with two workers, to which all of this happens one after the other. */
let service: ServiceProcess;
let folder: string;
let gateway: Door;
let rpc: ReturnType<typeof rpcDoor>;
/** What clients were told. */
const told: Answer[] = [];

const credentials = { client_id: "client", client_secret: "the client's secret" };
const form = {
  ...credentials,
  grant_type: "arbitrary_no_subject",
  arbitrary_claims: '{"sub":"someone"}',
  scope: "offline_access",
  access_token_type: "reference",
};

function writeConfig(clients: readonly string[]): void {
  const client = {
    secrets: ["env:CLIENT_SECRET"],
    grants: ["arbitrary_no_subject"],
    allowOfflineAccess: true,
    scopes: "*",
  };
  const config = {
    audit: { file: "audit.jsonl" },
    tenants: {
      default: {
        signing: { algorithm: "ES256" },
        clients: Object.fromEntries(clients.map((id) => [id, client])),
      },
    },
  };
  writeFileSync(join(folder, "mintmark.yaml"), stringify(config));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-workers-"));
  writeConfig(["client"]);
  service = await startProcess(folder, {
    MINTMARK_WORKERS: "2",
    MINTMARK_CONFIG: "mintmark.yaml",
    MINTMARK_KEY_ENCRYPTION_KEY: keyText(1),
    CLIENT_SECRET: credentials.client_secret,
  });
  gateway = gatewayDoor(service.publicUrl);
  rpc = rpcDoor(service.rpcPort);
});
afterAll(() => {
  rpc.close();
  service.child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

type Line = Readonly<Record<string, unknown>>;

const lines = (): readonly Line[] =>
  service
    .output()
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line));
const workersThat = (event: string) => new Set(lines().flatMap((line) => (line.event === event ? [line.worker] : [])));
const loggedBy = (worker: unknown) => lines().filter((line) => line.worker === worker);

async function ask(path: string): Promise<string> {
  const [, port] = /"managementPort":(\d+)/.exec(service.output()) ?? [];
  return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

/** Mints over a connection of its own, which any worker may get. */
function mintAnew(): Promise<number | undefined> {
  const options = { method: "POST", agent: false, headers: { "content-type": "application/x-www-form-urlencoded" } };
  return new Promise((resolve, reject) => {
    const call = request(`${service.publicUrl}/connect/token`, options, (response) => {
      response.resume().once("end", () => resolve(response.statusCode));
    });
    call.once("error", reject).end(String(new URLSearchParams(form)));
  });
}

it("is ready once, and all workers serve at both doors", async () => {
  expect(lines().filter(({ msg }) => msg === "mintmark is ready")).toMatchObject([{ httpPort: expect.any(Number) }]);
  const statuses = await Promise.all(Array.from({ length: 4 }, mintAnew));
  expect(statuses).toEqual([200, 200, 200, 200]);
  expect((await rpc.mint(form)).error).toBeUndefined();
  await expect.poll(() => workersThat("minted")).toEqual(new Set([1, 2]));
});

it("tells what all workers have counted", async () => {
  const counted = /^mintmark_tokens_issued_total\{.*token_type="reference".*\} (\d+)$/m;
  expect(Number(counted.exec(await ask("/metrics"))?.[1])).toBe(5);
  expect(await ask("/metrics")).toMatch(/^mintmark_build_info\{.*\} 1$/m);
});

it("tells the health of each worker", async () => {
  expect(await ask("/readyz")).toBe("ok\n");
  const checks = [1, 2].flatMap((worker) =>
    ["store", "clock", "keys", "registry", "configuration"].map((check) => `[+]worker ${worker}: ${check} ok\n`),
  );
  expect(await ask("/readyz?verbose")).toBe(`${checks.join("")}[+]configuration ok\nreadyz check passed\n`);
});

it("loses nothing that was told if a worker is killed under load, and replaces it", async () => {
  let isOver = false;
  const use = async () => {
    while (!isOver) {
      const first = await gateway.mint(form).catch(() => ({}) as Answer);
      if (first.refreshToken === undefined) continue;
      const next = await gateway.refresh({ ...credentials, refresh_token: first.refreshToken }).catch(() => undefined);
      // A refresh whose answer is lost may have been done: its client tries again.
      told.push(next?.refreshToken === undefined ? first : next);
    }
  };
  const load = Array.from({ length: 4 }, use);
  await expect.poll(() => told.length).toBeGreaterThan(10);
  const [victim] = loggedBy(2);
  process.kill(Number(victim?.pid), "SIGKILL");
  await expect.poll(service.output).toContain('"why":"It ended with SIGKILL."');
  const before = told.length;
  await expect.poll(() => told.length).toBeGreaterThan(before + 10);
  isOver = true;
  await Promise.all(load);
  await expect.poll(service.output).toContain('"worker":2,"msg":"a worker serves again"');
  const checked = told.map(async ({ accessToken = "", refreshToken = "" }) => ({
    introspected: await gateway.introspect({ ...credentials, token: accessToken }),
    refreshed: await gateway.refresh({ ...credentials, refresh_token: refreshToken }),
  }));
  for (const { introspected, refreshed } of await Promise.all(checked)) {
    expect([introspected.active, refreshed.error]).toEqual([true, undefined]);
  }
  // What the dead one had counted is not forgotten.
  const counted = /^mintmark_tokens_issued_total\{.*grant_type="arbitrary_no_subject",token_type="reference"\} (\d+)$/m;
  expect(Number(counted.exec(await ask("/metrics"))?.[1])).toBeGreaterThanOrEqual(5);
});

it("reloads one worker after the other, and reopens the audit of each", async () => {
  renameSync(join(folder, "audit.jsonl"), join(folder, "audit.1.jsonl"));
  writeConfig(["client", "other"]);
  service.child.kill("SIGHUP");
  await expect.poll(() => workersThat("configuration_reloaded")).toEqual(new Set([1, 2]));
  const reloads = lines().filter(({ event }) => event === "configuration_reloaded");
  expect(reloads).toMatchObject([
    { worker: 1, added: ["tenants.default.clients.other"] },
    { worker: 2, added: ["tenants.default.clients.other"] },
  ]);
  const answers = await Promise.all(
    [1, 2, 3].map(() => gateway.introspect({ ...credentials, client_id: "other", token: "x" })),
  );
  expect(answers.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
  const audited = (name: string) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n");
  await expect.poll(() => audited("audit.jsonl").filter((line) => line.includes('"audit_opened"'))).toHaveLength(2);
  // Lines of two processes in one file are whole.
  for (const line of [...audited("audit.1.jsonl"), ...audited("audit.jsonl")]) JSON.parse(line);
});

it("is not reloaded with what no worker can use", async () => {
  writeFileSync(join(folder, "mintmark.yaml"), "tenants: 1");
  service.child.kill("SIGHUP");
  await expect.poll(() => lines().filter(({ event }) => event === "reload_refused")).toHaveLength(1);
  expect(await ask("/readyz?verbose")).toContain("[+]configuration ok, but the last reload was refused");
  expect(await ask("/metrics")).toContain('mintmark_last_reload_successful{scope="configuration"} 0\n');
});

it("stops in order with all its workers", async () => {
  const exit = once(service.child, "exit");
  service.child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  const pids = new Set(lines().map(({ pid }) => Number(pid)));
  expect(pids.size).toBe(4);
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});
