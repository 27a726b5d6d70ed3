import { type ChildProcess, execFileSync, spawn } from "node:child_process";
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
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { processEnv, type ServiceProcess, startProcess } from "../support/process.ts";
import { CTRL_C, hasTerminals, startOnTerminal } from "../support/terminal.ts";

const main = join(import.meta.dirname, "../../src/main.ts");

let folder: string;
/** The service of a test, if it has started one by {@link start}. */
let service: ServiceProcess;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-serve-"));
});
afterEach(() => {
  child?.kill("SIGKILL");
  child = undefined;
  rmSync(folder, { recursive: true });
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  service = await startProcess(folder, env);
  child = service.child;
}

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

it("goes on after SIGUSR1, SIGUSR2 and SIGHUP, and what is in flight ends before SIGTERM stops it", async () => {
  await start();
  await staysAfterUserSignals();
  await reloadsAfterSighup();
  await stopsInOrder("SIGTERM");
  logsOneObjectALine();
});

it.each(["SIGINT", "SIGQUIT"] as const)("%s stops it in order too", async (signal) => {
  await start();
  await stopsInOrder(signal);
});

/** They are logged, and open no port for a debugger. */
async function staysAfterUserSignals(): Promise<void> {
  for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
    service.child.kill(signal);
    await told(`"signal":"${signal}","msg":"the signal is ignored`);
  }
  expect(service.output()).not.toContain("Debugger listening");
  expect((await fetch(`${service.publicUrl}/.well-known/openid-configuration`)).status).toBe(200);
}

async function reloadsAfterSighup(): Promise<void> {
  service.child.kill("SIGHUP");
  await told(
    '"event":"configuration_reloaded","trigger":"SIGHUP","scope":"configuration","added":[],"removed":[],"changed":[]',
  );
  expect((await fetch(`${service.publicUrl}/.well-known/openid-configuration`)).status).toBe(200);
}

/** What is in flight ends, and further signals that do not stop a service change nothing. */
async function stopsInOrder(signal: NodeJS.Signals): Promise<void> {
  const ignored = () => service.output().split("the signal is ignored").length;
  const request = await beginRequest();
  const exit = once(service.child, "exit");
  service.child.kill(signal);
  await told(`"signal":"${signal}","msg":"mintmark stops"`);
  const before = ignored();
  service.child.kill("SIGHUP");
  service.child.kill("SIGUSR2");
  await expect.poll(ignored).toBeGreaterThan(before);
  request.write("grant_typ");
  expect(String((await once(request, "data"))[0])).toContain("HTTP/1.1 401 ");
  expect(await exit).toEqual([0, null]);
}

/** Into a pipe, so that the banner is not among them. */
function logsOneObjectALine(): void {
  for (const line of service.output().trim().split("\n"))
    expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), msg: expect.any(String) });
}

it("goes on serving for the configured delay, but is not ready", async () => {
  await start({ MINTMARK_SHUTDOWN_DELAY: "10m" });
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
  await start({ MINTMARK_SHUTDOWN_DELAY: "1s" });
  expect(await endWith("SIGTERM")).toEqual([0, null]);
});

it("a second signal ends it at once", async () => {
  await start();
  const request = await beginRequest();
  service.child.kill("SIGTERM");
  await told("mintmark stops");
  expect(await endWith("SIGINT")).toEqual([null, "SIGINT"]);
  request.destroy();
});

it("reads its configuration again, if told so, once Kubernetes has swapped it", async () => {
  const mount = (version: string, clients: object) => {
    const config = { reloadOnChange: true, tenants: { default: { signing: { algorithm: "EdDSA" }, clients } } };
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, "mintmark.yaml"), JSON.stringify(config));
    symlinkSync(version, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  };
  mount("..1", {});
  symlinkSync(join("..data", "mintmark.yaml"), join(folder, "mintmark.yaml"));
  await start({
    MINTMARK_CONFIG: "mintmark.yaml",
    MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
    MINTMARK_STORE: "sqlite::memory:",
  });
  mount("..2", { web: { secrets: ["sha256:ke5fibr0WVcPA9BVZ9xZ3CG-Q4yvBr79B7JuscLaekg"] } });
  await expect.poll(service.output, { timeout: 30_000 }).toContain('"added":["tenants.default.clients.web"]');
});

it.skipIf(!hasTerminals)("greets a developer on a terminal in words, not in JSON, and ends by Ctrl-C", async () => {
  const terminal = startOnTerminal(`exec '${process.execPath}' '${main}'`, folder, {
    ...processEnv,
    NO_COLOR: "1",
    MINTMARK_HTTP_ADDRESS: `127.0.0.1:${await freePort()}`,
    MINTMARK_RPC_ADDRESS: "127.0.0.1:0",
    MINTMARK_MANAGEMENT_ADDRESS: "127.0.0.1:0",
  });
  ({ child } = terminal);
  const { shown } = terminal;
  const ended = once(terminal.child, "close");
  await expect.poll(shown, { timeout: 30_000 }).toContain("INFO: mintmark is ready");
  expect(shown()).toContain("Mint a token:");
  expect(shown()).not.toMatch(/^\{/m);
  terminal.child.stdin.write(CTRL_C);
  expect(await ended).toEqual([0, null]);
});

it("makes nothing in its folder if another process has one of its ports", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const starting = start({ MINTMARK_HTTP_ADDRESS: `127.0.0.1:${port}` });
  await expect(starting).rejects.toThrow("another process is using it (EADDRINUSE)");
  expect(readdirSync(folder)).toEqual([]);
  other.close();
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
  const waiting = spawn(process.execPath, [main], { cwd: folder, env });
  child = waiting;
  let output = "";
  waiting.stdout.on("data", (chunk) => {
    output += chunk;
  });
  await expect.poll(() => output).toContain("trying again");
  const exit = once(waiting, "exit");
  waiting.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  expect(output).toContain('"signal":"SIGTERM","msg":"mintmark stops before it is ready"');
});

it.skipIf(!existsSync("/proc/self/status"))(
  "signals that come early in a start are remembered",
  async () => {
    const path = join(folder, "mintmark.yaml");
    execFileSync("mkfifo", [path]);
    const env = {
      ...processEnv,
      MINTMARK_CONFIG: path,
      MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
      MINTMARK_STORE: "sqlite::memory:",
      MINTMARK_PUBLIC_URL: "http://127.0.0.1:7001",
      MINTMARK_HTTP_ADDRESS: "127.0.0.1:0",
      MINTMARK_RPC_ADDRESS: "127.0.0.1:0",
      MINTMARK_MANAGEMENT_ADDRESS: "127.0.0.1:0",
    };
    const starting = spawn(process.execPath, [main], { cwd: folder, env });
    child = starting;
    let output = "";
    starting.stdout.on("data", (chunk) => {
      output += chunk;
    });
    // It cannot have got further than its configuration, which it waits for.
    const caught = () =>
      Number.parseInt(/^SigCgt:.*(\w)$/m.exec(readFileSync(`/proc/${starting.pid}/status`, "utf8"))?.[1] ?? "", 16);
    await expect.poll(() => caught() & 1, { timeout: 30_000 }).toBe(1);
    starting.kill("SIGHUP");
    starting.kill("SIGUSR2");
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
