import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeFolder, removeFolder } from "../../store/sqlite/folder.ts";
import { commandAnswer, commandLine } from "../../support/command-line.ts";
import { freePort } from "../../support/free-port.ts";
import { keyText } from "../../support/key-encryption-key.ts";
import { startTestService, type TestService } from "../../support/service.ts";

const pem = (name: string) => join(import.meta.dirname, "../../support/tls", name);

const OPERATOR = { MINTMARK_OPERATOR_ID: "operator", MINTMARK_OPERATOR_SECRET: "secret" };

let folder: string;
let service: TestService;
beforeAll(async () => {
  folder = await makeFolder();
  service = await startTestService();
});
afterAll(async () => {
  await service.close();
  await removeFolder(folder);
});

const list = (env: Record<string, string>, ...options: readonly string[]) =>
  commandLine(["keys", "list", ...options], { env: { MINTMARK_ADDRESS: service.publicUrl, ...env }, cwd: folder });

describe("an operator's command", () => {
  it("calls the service, and needs no configuration", async () => {
    const { code, stdout, stderr } = await list(OPERATOR, "--tenant", "acme");
    expect([code, stderr]).toEqual([0, ""]);
    const keys = JSON.parse(stdout);
    expect(keys[0]).toMatchObject({ use: "signing", generation: 1, algorithm: "RS256", state: "active" });
  });

  it("answers what it answers at the store", async () => {
    const times = ({ createTime, activateTime, ...others }: Record<string, unknown>) => others;
    const { MINTMARK_STORE } = { MINTMARK_STORE: service.config.store };
    const env = { ...OPERATOR, MINTMARK_ADDRESS: service.publicUrl };
    const rotate = ["keys", "rotate", "--tenant", "acme", "--dry-run"];
    const remote = await commandAnswer(rotate, { env });
    const local = await commandAnswer([...rotate, "--store"], { env: { MINTMARK_STORE } });
    expect(Object.keys(local).sort()).toEqual(Object.keys(remote).sort());
    expect(local.warnings).toEqual(remote.warnings);
    expect(local.keys.map(Object.keys)).toEqual(remote.keys.map(Object.keys));
    expect(times(local.keys[0]).kid).toBe(times(remote.keys[0]).kid);
  });

  it("rotates, and revokes a client", async () => {
    const around = { env: { ...OPERATOR, MINTMARK_ADDRESS: service.publicUrl } };
    const rotate = ["keys", "rotate", "--tenant", "acme", "--use", "refresh", "--mode", "immediate"];
    expect(await commandAnswer(rotate, around)).toMatchObject({ rotated: true, keys: [{ use: "refresh" }, {}] });
    const revoke = ["client", "revoke", "--tenant", "acme", "--client", "gone", "--yes"];
    expect((await commandAnswer(revoke, around)).warnings[0]).toContain("No client of that id");
  });
});

describe("the secret", () => {
  it.each([
    [{ MINTMARK_OPERATOR_SECRET_FILE: "secret.txt" }, []],
    [{}, ["--operator-secret-file", "secret.txt"]],
  ])("may be in a file: %j %j", async (env, options) => {
    writeFileSync(join(folder, "secret.txt"), "secret\n");
    expect((await list({ MINTMARK_OPERATOR_ID: "operator", ...env }, ...options)).code).toBe(0);
  });

  it("may come by standard input", async () => {
    const env = { MINTMARK_ADDRESS: service.publicUrl, MINTMARK_OPERATOR_ID: "operator" };
    const around = { env, input: "secret\n" };
    expect((await commandLine(["keys", "list", "--operator-secret-file", "-"], around)).code).toBe(0);
  });

  it("is asked for on a terminal, and not shown", async () => {
    const env = { MINTMARK_ADDRESS: service.publicUrl };
    const { code, stdout, stderr } = await commandLine(["keys", "list", "--operator-id", "operator"], {
      env,
      typed: "secret\n",
    });
    expect(code).toBe(0);
    expect(stderr).toContain("secret of the operator operator: ");
    expect(stderr.replace("secret of", "")).not.toContain("secret");
    expect(stripVTControlCharacters(stdout)).toMatch(/^KID +USE /);
  });

  it.each<[Record<string, string>, string]>([
    [{ MINTMARK_OPERATOR_SECRET: "x" }, "The operator's id is required: use --operator-id or MINTMARK_OPERATOR_ID."],
    [
      { MINTMARK_OPERATOR_ID: "operator" },
      "is required: set MINTMARK_OPERATOR_SECRET, or MINTMARK_OPERATOR_SECRET_FILE to the path of a file",
    ],
    [
      { ...OPERATOR, MINTMARK_OPERATOR_SECRET_FILE: "x" },
      "MINTMARK_OPERATOR_SECRET cannot be used with MINTMARK_OPERATOR_SECRET_FILE.",
    ],
    [
      { MINTMARK_OPERATOR_ID: "operator", MINTMARK_OPERATOR_SECRET_FILE: "gone" },
      "Cannot read the file for the secret of the operator operator (ENOENT)",
    ],
  ])("is required: %j", async (env, message) => {
    const { code, stderr } = await list(env);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it("that is wrong ends the command with 2, and is not repeated", async () => {
    const { code, stdout, stderr } = await list({ ...OPERATOR, MINTMARK_OPERATOR_SECRET: "hunter2" });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^mintmark: invalid_client: /);
    expect(stderr).not.toContain("hunter2");
  });
});

describe("a service that cannot be reached", () => {
  it("ends the command with 3, and a hint", async () => {
    const address = `http://127.0.0.1:${await freePort()}`;
    const { code, stderr } = await list(OPERATOR, "--address", address);
    expect([code, stderr]).toEqual([
      3,
      `mintmark: ${address} does not respond (ECONNREFUSED). Use --address or MINTMARK_ADDRESS to specify where the service is.\n`,
    ]);
  });

  it("ends it with 3 if no answer comes in time", async () => {
    const server = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, stderr } = await list(OPERATOR, "--address", address, "--timeout", "1s");
    expect([code, stderr]).toEqual([
      3,
      `mintmark: ${address} did not respond in time. Use --timeout to wait longer.\n`,
    ]);
    server.closeAllConnections();
    server.close();
  });

  it("is no mintmark if it answers otherwise, as the RPC port does", async () => {
    for (const [port, told] of [
      [service.rpcPort, /does not speak plain HTTP|is not a mintmark service|does not respond/],
    ] as const) {
      const { code, stderr } = await list(OPERATOR, "--address", `http://127.0.0.1:${port}`);
      expect(stderr).toMatch(told);
      expect(code).toBeGreaterThan(0);
    }
    const server = createServer((_request, response) => void response.writeHead(404).end("<html>")).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    const { code, stderr } = await list(
      OPERATOR,
      "--address",
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining("is not a mintmark service")]);
    server.close();
  });

  it.each(["127.0.0.1:7001", "ftp://x", "http://user:hunter2@x", "http://x/?a"])(
    "is not named by %s, which is not repeated",
    async (address) => {
      const { code, stderr } = await list(OPERATOR, "--address", address);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^mintmark: --address must be an http or https URL/)]);
      expect(stderr).not.toContain("hunter2");
    },
  );

  it("is warned of if secrets would travel in the clear", async () => {
    const { stderr } = await list(OPERATOR, "--address", "http://mint.invalid:1", "--timeout", "1s");
    expect(stderr).toContain("http://mint.invalid:1 is plain HTTP: secrets and tokens are sent in the clear.");
  });
});

describe("a service with TLS and an address for operators", () => {
  let secured: TestService;
  beforeAll(async () => {
    const config = {
      tls: { certificate: pem("cert.pem"), key: pem("key.pem") },
      operatorAddress: "127.0.0.1:0",
      operators: { alice: { secrets: ["env:ALICE_SECRET"], tenants: "*" } },
      tenants: { default: {} },
    };
    writeFileSync(join(folder, "secured.yaml"), JSON.stringify(config));
    secured = await startTestService({
      MINTMARK_CONFIG: join(folder, "secured.yaml"),
      MINTMARK_KEY_ENCRYPTION_KEY: keyText(1),
      ALICE_SECRET: "a secret with : and + in it",
    });
  });
  afterAll(() => secured.close());

  const alice = { MINTMARK_OPERATOR_ID: "alice", MINTMARK_OPERATOR_SECRET: "a secret with : and + in it" };
  const at = (port: number | undefined) => `https://localhost:${port}`;

  it("is called with --ca, or MINTMARK_CA", async () => {
    expect(readFileSync(pem("cert.pem"), "utf8")).toContain("CERTIFICATE");
    const address = ["--address", at(secured.operatorPort)];
    expect(await list(alice, ...address, "--ca", pem("cert.pem"))).toMatchObject({ code: 0, stderr: "" });
    expect(await list({ ...alice, MINTMARK_CA: pem("cert.pem") }, ...address)).toMatchObject({ code: 0 });
  });

  it("is not trusted without", async () => {
    const { code, stderr } = await list(alice, "--address", at(secured.operatorPort));
    expect([code, stderr]).toEqual([1, expect.stringMatching(/is not trusted \([A-Z_]+\)\. Use --ca to trust/)]);
    const gone = await list(alice, "--address", at(secured.operatorPort), "--ca", "gone.pem");
    expect([gone.code, gone.stderr]).toEqual([1, "mintmark: --ca: cannot read gone.pem (ENOENT).\n"]);
    const empty = await list(alice, "--address", at(secured.operatorPort), "--ca", pem("key.pem"));
    expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining("key.pem contains no certificate.")]);
  });

  it("says that plain HTTP is not spoken there", async () => {
    const { code, stderr } = await list(alice, "--address", `http://127.0.0.1:${secured.operatorPort}`);
    expect(code).toBe(3);
    expect(stderr).toContain("does not respond");
  });

  it("points from the gateway to the operators' address", async () => {
    const { code, stderr } = await list(alice, "--address", at(secured.httpPort), "--ca", pem("cert.pem"));
    expect([code, stderr]).toEqual([2, expect.stringContaining("The operators' RPCs may have their own address")]);
  });
});
