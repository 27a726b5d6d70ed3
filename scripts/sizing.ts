/**
 * Measures what a node's operations cost: `npm run sizing` starts a service on a new SQLite file, or on the MongoDB database
 * that `--store` names, and sends `--requests N` (2000 unless given) of each kind, 32 at once. Prints a table for docs/sizing.md.
 * CPU time is that of the service, and is told apart from that of whoever else uses the machine; it takes Linux.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { json } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort } from "../test/support/free-port.ts";
import { keyText } from "../test/support/key-encryption-key.ts";

/** How many requests are under way at once. */
const AT_ONCE = 32;

/** A tick of the CPU time in /proc, in milliseconds. */
const TICK = 10;

interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
}

const { values } = parseArgs({ options: { store: { type: "string" }, requests: { type: "string", default: "2000" } } });
const requests = Number(values.requests);
const folder = mkdtempSync(join(tmpdir(), "mintmark-sizing-"));
const file = join(folder, "mintmark.db");
const agent = new Agent({ keepAlive: true });
const ports = { http: await freePort(), management: await freePort() };
const service = startService();
try {
  await untilReady();
  await measureAll();
} finally {
  service.kill("SIGTERM");
  await once(service, "exit");
  rmSync(folder, { recursive: true });
}

function startService() {
  const client = {
    secrets: ["env:SECRET"],
    grants: ["arbitrary_resource_owner"],
    allowOfflineAccess: true,
    scopes: "*",
  };
  const tenant = (algorithm: string) => ({ signing: { algorithm }, clients: { client } });
  const config = { publicUrl: "https://mint.example", tenants: { default: tenant("RS256"), es256: tenant("ES256") } };
  writeFileSync(join(folder, "mintmark.json"), JSON.stringify(config));
  return spawn(process.execPath, [join(import.meta.dirname, "../src/main.ts")], {
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      SECRET: "the client's secret",
      MINTMARK_CONFIG: join(folder, "mintmark.json"),
      MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
      MINTMARK_STORE: values.store ?? `sqlite:${file}`,
      MINTMARK_HTTP_ADDRESS: `127.0.0.1:${ports.http}`,
      MINTMARK_RPC_ADDRESS: "127.0.0.1:0",
      MINTMARK_MANAGEMENT_ADDRESS: `127.0.0.1:${ports.management}`,
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

async function untilReady(): Promise<void> {
  while (service.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${ports.management}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await delay(100);
  }
  throw new Error("The service did not start.");
}

async function measureAll(): Promise<void> {
  const grants: Tokens[] = [];
  const form = { grant_type: "arbitrary_resource_owner", arbitrary_claims: '{"role":["admin"]}', scope: "nitro" };
  const mint = (more: object = {}, tenant = "") =>
    post<Tokens>(`${tenant}/connect/token`, { ...form, subject: "alice", ...more });
  const grant = (index: number) => grants[index % grants.length];
  // Compiles what is used, and fills caches.
  for (const tenant of ["", "/es256"]) await measure(Math.min(requests, 200), () => mint({}, tenant));

  console.log(
    "| operation | CPU, ms | of it the event loop, ms | requests a second | median, ms | 99 %, ms | bytes in SQLite |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  await tell("mint a JWT, RS256", () => mint());
  await tell("mint a JWT, ES256", () => mint({}, "/es256"));
  await tell("mint a JWT with a refresh token, ES256", async () => {
    grants.push(await mint({ scope: "nitro offline_access" }, "/es256"));
  });
  await tell("mint a reference token", () => mint({ access_token_type: "reference" }));
  await tell("introspect a JWT", (index) =>
    post("/es256/connect/introspect", { token: grant(index)?.access_token ?? "" }),
  );
  await tell("refresh, ES256", (index) =>
    post("/es256/connect/token", { grant_type: "refresh_token", refresh_token: grant(index)?.refresh_token ?? "" }),
  );
  await tell("revoke a refresh token", (index) =>
    post("/es256/connect/revocation", { token: grant(index)?.refresh_token ?? "" }),
  );
  console.log(`\nMemory of the process: ${/VmRSS:\s*(\d+)/.exec(ofProcess("status"))?.[1] ?? "?"} kB.`);
}

/** Measures an operation, and prints its line. */
async function tell(name: string, run: (index: number) => Promise<unknown>): Promise<void> {
  const before = { cpu: cpuOf("stat"), loop: cpuOf(`task/${service.pid}/stat`), bytes: storedBytes() };
  const start = performance.now();
  const durations = await measure(requests, run);
  const rate = (1000 * requests) / (performance.now() - start);
  const each = (after: number, earlier: number) => ((after - earlier) / requests).toFixed(2);
  const quantile = (share: number) => durations[Math.floor(share * (durations.length - 1))]?.toFixed(1);
  const bytes = Math.round((storedBytes() - before.bytes) / requests);
  const cells = [
    ...[name, each(cpuOf("stat"), before.cpu), each(cpuOf(`task/${service.pid}/stat`), before.loop)],
    ...[rate.toFixed(0), quantile(0.5), quantile(0.99), bytes],
  ];
  console.log(`| ${cells.join(" | ")} |`);
}

/** Runs something so many times; the durations in milliseconds, the shortest first. */
async function measure(times: number, run: (index: number) => Promise<unknown>): Promise<readonly number[]> {
  const durations: number[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < times; index = next++) {
      const start = performance.now();
      await run(index);
      durations.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return durations.toSorted((a, b) => a - b);
}

async function post<T>(path: string, form: object): Promise<T> {
  const body = new URLSearchParams({ ...form, client_id: "client", client_secret: "the client's secret" }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": Buffer.byteLength(body) };
  const options = { host: "127.0.0.1", port: ports.http, path, method: "POST", agent, headers };
  const [response] = await once(request(options).end(body), "response");
  const answer = (await json(response)) as T;
  if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode} ${JSON.stringify(answer)}`);
  return answer;
}

/** The CPU time of the service, or of one of its threads, in milliseconds. */
function cpuOf(name: string): number {
  const fields = ofProcess(name)
    .replace(/^.*\) /s, "")
    .split(" ");
  return TICK * (Number(fields[11]) + Number(fields[12]));
}

function ofProcess(name: string): string {
  return readFileSync(`/proc/${service.pid}/${name}`, "utf8");
}

/** How large the SQLite file is, with what is not yet in it; 0 for another store. */
function storedBytes(): number {
  if (values.store !== undefined) return 0;
  const database = new DatabaseSync(file, { readOnly: true });
  const [pages, size] = ["page_count", "page_size"].map((name) =>
    Number(database.prepare(`PRAGMA ${name}`).get()?.[name]),
  );
  database.close();
  return (pages ?? 0) * (size ?? 0);
}
