import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Io } from "../../../src/cli/frame/io.ts";
import { type LogSettings, openCommandLog, takesBanner } from "../../../src/cli/frame/log.ts";
import { freePort } from "../../support/free-port.ts";
import { keyText } from "../../support/key-encryption-key.ts";
import { searchLater } from "../../support/leaks.ts";
import { processEnv } from "../../support/process.ts";

const settings: LogSettings = { logLevel: "info", logFormat: "auto" };
const ISO = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

/** What a command's log writes for one warning. */
async function logged(isTTY: boolean, logFormat: LogSettings["logFormat"]): Promise<string> {
  const chunks: string[] = [];
  const stderr = new Writable({ write: (chunk, _, done) => done(void chunks.push(String(chunk))) });
  const logger = await openCommandLog({ stderr: Object.assign(stderr, { isTTY }) } as Partial<Io> as Io, {
    ...settings,
    logFormat,
  });
  logger.warn({ tenant: "acme", err: new Error("the cause") }, "something was odd");
  logger.debug({}, "never seen");
  return chunks.join("");
}

describe("the log", () => {
  it.each([
    [false, "auto"],
    [true, "json"],
  ] as const)("is JSON with a level by name and an ISO time: terminal %s, %s", async (isTTY, format) => {
    const line = await logged(isTTY, format);
    expect(line).toMatch(/^[^\n]+\n$/);
    expect(JSON.parse(line)).toMatchObject({
      level: "warn",
      time: expect.stringMatching(new RegExp(`^${ISO}$`)),
      tenant: "acme",
      msg: "something was odd",
      err: { message: "the cause" },
    });
  });

  it.each([
    [true, "auto"],
    [false, "pretty"],
  ] as const)("is for people: terminal %s, %s", async (isTTY, format) => {
    const text = stripVTControlCharacters(await logged(isTTY, format));
    expect(text).toMatch(new RegExp(`^\\[${ISO}\\] WARN: something was odd \\{"tenant":"acme"`));
    expect(text).toContain("the cause");
    expect(text).not.toContain("never seen");
  });

  it.each([
    [true, "auto", true],
    [true, "pretty", true],
    [true, "json", false],
    [false, "auto", false],
    [false, "pretty", false],
  ] as const)("takes a banner on a terminal alone: terminal %s, %s", (isTTY, logFormat, expected) => {
    expect(takesBanner({ isTTY } as Io["stdout"], { ...settings, logFormat })).toBe(expected);
  });
});

describe.skipIf(process.platform === "win32")("the log of a service, in a pipe that nobody reads", () => {
  const FILLER = `{"msg":"${"x".repeat(1013)}"}\n`;

  let folder: string;
  let reader: number;
  let writer: number;
  let output: string;
  let child: ChildProcess | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mintmark-log-"));
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    output = "";
    searchLater(() => output);
  });
  afterEach(() => {
    child?.kill("SIGKILL");
    for (const end of [reader, writer]) closeSync(end);
    rmSync(folder, { recursive: true });
  });

  /** Repeats it until the pipe is full, or empty. */
  function untilBlocked(work: () => void): void {
    try {
      for (;;) work();
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }

  const fill = () => untilBlocked(() => writeSync(writer, FILLER));

  /** All that has been read from the pipe so far. */
  function read(): string {
    const buffer = Buffer.alloc(4096);
    untilBlocked(() => {
      output += buffer.toString("utf8", 0, readSync(reader, buffer));
    });
    return output;
  }

  it("keeps the service neither from serving nor from ending at the second signal", async () => {
    const [httpPort, managementPort] = [await freePort(), await freePort()];
    const clients = { web: { secrets: ["sha256:ke5fibr0WVcPA9BVZ9xZ3CG-Q4yvBr79B7JuscLaekg"] } };
    const tenants = { default: { signing: { algorithm: "EdDSA" }, clients } };
    writeFileSync(join(folder, "mintmark.yaml"), JSON.stringify({ audit: { file: "stdout" }, tenants }));
    const env = {
      ...processEnv,
      MINTMARK_CONFIG: "mintmark.yaml",
      MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
      MINTMARK_STORE: "sqlite::memory:",
      MINTMARK_PUBLIC_URL: `http://127.0.0.1:${httpPort}`,
      MINTMARK_HTTP_ADDRESS: `127.0.0.1:${httpPort}`,
      MINTMARK_RPC_ADDRESS: "127.0.0.1:0",
      MINTMARK_MANAGEMENT_ADDRESS: `127.0.0.1:${managementPort}`,
      MINTMARK_SHUTDOWN_DELAY: "10m",
    };
    const get = (path: string) =>
      fetch(`http://127.0.0.1:${managementPort}${path}`).then(
        ({ status }) => status,
        () => undefined,
      );

    fill();
    const main = join(import.meta.dirname, "../../../src/main.ts");
    child = spawn(process.execPath, [main], { cwd: folder, env, stdio: ["ignore", writer, "inherit"] });
    await expect.poll(() => get("/readyz"), { timeout: 30_000 }).toBe(200);
    const body = new URLSearchParams({ grant_type: "arbitrary_identity" });
    const refused = await fetch(`${env.MINTMARK_PUBLIC_URL}/connect/token`, { method: "POST", body });
    expect(refused.status).toBe(401);
    expect(await get("/metrics")).toBe(200);

    await expect.poll(read, { timeout: 30_000 }).toMatch(/"audit":1.*"event":"client_refused".*\n/);
    const lines = output.trim().split("\n");
    for (const line of lines) expect(JSON.parse(line)).toBeTypeOf("object");
    expect(lines.findIndex((line) => line.includes('"msg":"mintmark is ready"'))).toBeLessThan(
      lines.findIndex((line) => line.includes('"event":"client_refused"')),
    );

    fill();
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await expect.poll(() => get("/readyz")).toBe(503);
    child.kill("SIGTERM");
    expect(await ended).toEqual([null, "SIGTERM"]);
  }, 60_000);
});
