import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keyText } from "../support/key-encryption-key.ts";
import { processEnv, type ServiceProcess, startProcess } from "../support/process.ts";
import { CTRL_C, hasTerminals, startOnTerminal } from "../support/terminal.ts";

let folder: string;
let service: ServiceProcess;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-serve-"));
  service = await startProcess(folder);
});
afterEach(() => {
  service.child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** The code and the signal that the process ends with once it is sent a signal. */
async function endWith(signal: NodeJS.Signals): Promise<unknown[]> {
  const exit = once(service.child, "exit");
  service.child.kill(signal);
  return exit;
}

const told = (text: string) => expect.poll(service.output).toContain(text);

/** A request that the gateway waits for the rest of. */
async function beginRequest(): Promise<Socket> {
  const socket = connect(Number(new URL(service.publicUrl).port), "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(
    "POST /connect/token HTTP/1.1\r\nhost: mint\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 9\r\n",
  );
  socket.write("content-type: application/x-www-form-urlencoded\r\n\r\n");
  await once(socket, "data");
  return socket;
}

it("SIGUSR1 and SIGUSR2 are logged, and the service goes on, without a port for a debugger", async () => {
  for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
    service.child.kill(signal);
    await told(`"signal":"${signal}","msg":"the signal is ignored`);
  }
  expect(service.output()).not.toContain("Debugger listening");
  expect((await fetch(`${service.publicUrl}/.well-known/openid-configuration`)).status).toBe(200);
  expect(await endWith("SIGTERM")).toEqual([0, null]);
});

it.each(["SIGTERM", "SIGINT", "SIGQUIT"] as const)("%s stops it in order: what is in flight ends", async (signal) => {
  const request = await beginRequest();
  const exit = once(service.child, "exit");
  service.child.kill(signal);
  await told(`"signal":"${signal}","msg":"mintmark stops"`);
  service.child.kill("SIGHUP");
  service.child.kill("SIGUSR2");
  await told("the signal is ignored");
  request.write("grant_typ");
  expect(String((await once(request, "data"))[0])).toContain("HTTP/1.1 401 ");
  expect(await exit).toEqual([0, null]);
});

it("goes on serving for the configured delay, but is not ready", async () => {
  await service.stop();
  service = await startProcess(folder, { MINTMARK_SHUTDOWN_DELAY: "10m" });
  const [, port] = /"managementPort":(\d+)/.exec(service.output()) ?? [];
  service.child.kill("SIGTERM");
  await told('"signal":"SIGTERM","msg":"mintmark stops"');
  const answers = [await fetch(`http://127.0.0.1:${port}/readyz`), await fetch(`${service.publicUrl}/`)];
  expect(answers.map(({ status, headers }) => [status, headers.get("connection")])).toEqual([
    [503, "close"],
    [200, "close"],
  ]);
  expect(await endWith("SIGTERM")).toEqual([null, "SIGTERM"]);
});

it("stops in order after the delay", async () => {
  await service.stop();
  service = await startProcess(folder, { MINTMARK_SHUTDOWN_DELAY: "1s" });
  expect(await endWith("SIGTERM")).toEqual([0, null]);
});

it("a second signal ends it at once", async () => {
  const request = await beginRequest();
  service.child.kill("SIGTERM");
  await told("mintmark stops");
  expect(await endWith("SIGINT")).toEqual([null, "SIGINT"]);
  request.destroy();
});

it("SIGHUP has it read its configuration again", async () => {
  service.child.kill("SIGHUP");
  await told(
    '"event":"configuration_reloaded","trigger":"SIGHUP","scope":"configuration","added":[],"removed":[],"changed":[]',
  );
  expect((await fetch(`${service.publicUrl}/.well-known/openid-configuration`)).status).toBe(200);
  expect(await endWith("SIGTERM")).toEqual([0, null]);
});

it("reads its configuration again, if told so, once Kubernetes has swapped it", async () => {
  await service.stop();
  const mount = (version: string, clients: object) => {
    const config = { reloadOnChange: true, tenants: { default: { signing: { algorithm: "EdDSA" }, clients } } };
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, "mintmark.yaml"), JSON.stringify(config));
    symlinkSync(version, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  };
  mount("..1", {});
  symlinkSync(join("..data", "mintmark.yaml"), join(folder, "mintmark.yaml"));
  service = await startProcess(folder, {
    MINTMARK_CONFIG: "mintmark.yaml",
    MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
    MINTMARK_STORE: "sqlite::memory:",
  });
  mount("..2", { web: { secrets: ["sha256:ke5fibr0WVcPA9BVZ9xZ3CG-Q4yvBr79B7JuscLaekg"] } });
  await expect.poll(service.output, { timeout: 30_000 }).toContain('"added":["tenants.default.clients.web"]');
});

it("logs one JSON object a line into a pipe, the banner not among them", () => {
  const lines = service.output().trim().split("\n");
  for (const line of lines)
    expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), msg: expect.any(String) });
});

it.skipIf(!hasTerminals)("greets a developer on a terminal in words, not in JSON, and ends by Ctrl-C", async () => {
  const { port } = new URL(service.publicUrl);
  await service.stop();
  const main = join(import.meta.dirname, "../../src/main.ts");
  const { child, shown } = startOnTerminal(`exec '${process.execPath}' '${main}'`, folder, {
    ...processEnv,
    NO_COLOR: "1",
    MINTMARK_HTTP_ADDRESS: `127.0.0.1:${port}`,
    MINTMARK_RPC_ADDRESS: `127.0.0.1:${service.rpcPort}`,
    MINTMARK_MANAGEMENT_ADDRESS: "127.0.0.1:0",
  });
  const ended = once(child, "close");
  await expect.poll(shown, { timeout: 30_000 }).toContain("INFO: mintmark is ready");
  expect(shown()).toContain("Mint a token:");
  expect(shown()).not.toMatch(/^\{/m);
  child.stdin.write(CTRL_C);
  expect(await ended).toEqual([0, null]);
});

it("makes nothing in its folder if another process has one of its ports", async () => {
  const other = mkdtempSync(join(tmpdir(), "mintmark-serve-"));
  const taken = { MINTMARK_HTTP_ADDRESS: `127.0.0.1:${service.rpcPort}` };
  await expect(startProcess(other, taken)).rejects.toThrow("another process is using it (EADDRINUSE)");
  expect(readdirSync(other)).toEqual([]);
  rmSync(other, { recursive: true });
});

it("stops while it waits for its store", async () => {
  const env = {
    ...processEnv,
    MINTMARK_STORE: "mongodb://127.0.0.1:1/",
    MINTMARK_PUBLIC_URL: "http://127.0.0.1:7001",
    MINTMARK_HTTP_ADDRESS: "127.0.0.1:0",
    MINTMARK_RPC_ADDRESS: "127.0.0.1:0",
    MINTMARK_MANAGEMENT_ADDRESS: "127.0.0.1:0",
  };
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../src/main.ts")], { cwd: folder, env });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  await expect.poll(() => output).toContain("trying again");
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  expect(output).toContain('"signal":"SIGTERM","msg":"mintmark stops before it is ready"');
});

it.skipIf(!existsSync("/proc/self/status"))(
  "signals that come early in a start are remembered",
  async () => {
    const { port } = new URL(service.publicUrl);
    await service.stop();
    const path = join(folder, "mintmark.yaml");
    execFileSync("mkfifo", [path]);
    const env = {
      ...processEnv,
      MINTMARK_CONFIG: path,
      MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
      MINTMARK_STORE: "sqlite::memory:",
      MINTMARK_PUBLIC_URL: `http://127.0.0.1:${port}`,
      MINTMARK_HTTP_ADDRESS: `127.0.0.1:${port}`,
      MINTMARK_RPC_ADDRESS: "127.0.0.1:0",
      MINTMARK_MANAGEMENT_ADDRESS: "127.0.0.1:0",
    };
    const child = spawn(process.execPath, [join(import.meta.dirname, "../../src/main.ts")], { cwd: folder, env });
    service = { ...service, child };
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    // It cannot have got further than its configuration, which it waits for.
    const caught = () =>
      Number.parseInt(/^SigCgt:.*(\w)$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? "", 16);
    await expect.poll(() => caught() & 1, { timeout: 30_000 }).toBe(1);
    child.kill("SIGHUP");
    child.kill("SIGUSR2");
    const config = JSON.stringify({ tenants: { default: { signing: { algorithm: "EdDSA" } } } });
    await writeFile(path, config);
    await expect.poll(() => output, { timeout: 30_000 }).toContain('"event":"key_made"');
    await writeFile(path, config);
    await expect
      .poll(() => output, { timeout: 30_000 })
      .toContain('"event":"configuration_reloaded","trigger":"SIGHUP"');
    expect(output).toContain('"signal":"SIGUSR2","msg":"the signal is ignored');
  },
  60_000,
);
