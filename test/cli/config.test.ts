import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { KEY, PLAIN_SECRET, yamlOf } from "../config/context.ts";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
import { commandAnswer, commandLine } from "../support/command-line.ts";
import { claimsOf } from "../support/decode.ts";
import { startProcess } from "../support/process.ts";

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => removeFolder(folder));

it("mintmark config schema prints the schema that editors use", async () => {
  const { code, stdout } = await commandLine(["config", "schema"]);
  const shipped = readFileSync(new URL("../../mintmark.schema.json", import.meta.url), "utf8");
  expect([code, stdout]).toEqual([0, shipped]);
});

describe("mintmark config check", () => {
  const check = (yaml: string, more: { readonly typed?: string } = {}) => {
    writeFileSync(join(folder, "given.yaml"), yaml);
    const env = { MINTMARK_KEY_ENCRYPTION_KEY: KEY, WEB: `${PLAIN_SECRET}+` };
    return commandLine(["config", "check", "--config", "given.yaml"], { cwd: folder, env, ...more });
  };

  it("tells what a start would serve", async () => {
    const { code, stdout, stderr } = await check(yamlOf());
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual({
      publicUrl: "http://127.0.0.1:7001",
      tenants: [{ id: "acme", issuer: "http://127.0.0.1:7001/acme", clients: ["web"] }],
      warnings: [],
    });
  });

  it("tells what is likely to be a mistake", async () => {
    const yaml = yamlOf({ secrets: ["env:WEB"] });
    expect(JSON.parse((await check(yaml)).stdout).warnings).toEqual([expect.stringContaining("WEB has a + or %")]);
    expect((await check(yaml, { typed: "" })).stdout).toMatch(/^The configuration is valid\.\nWarning: tenants\.acme/);
  });

  it("lists all that a start would refuse, and repeats no secret", async () => {
    const { code, stdout, stderr } = await check(yamlOf({ secrets: ["hunter2"], scopes: "x" }));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^mintmark: The configuration is not valid:\ntenants\.acme\.clients\.web\.secrets\[0\]: /);
    expect(stderr).toContain("\ntenants.acme.clients.web.scopes: ");
    expect(stderr).not.toContain("hunter2");
  });

  it.each([
    ["postgres://mint:hunter2@db/mint", "must begin with sqlite:"],
    ["mongodb://mint:hunter2@/x?a=%zz", "The MongoDB URL of the store cannot be used"],
    ["sqlite:.", "is a folder"],
  ])("refuses the store %s, which no start could open", async (store, problem) => {
    const { code, stdout, stderr } = await check(yamlOf({}, {}, { store }));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^mintmark: The configuration is not valid:\nstore \(MINTMARK_STORE\): /);
    expect(stderr).toContain(problem);
    expect(stderr).not.toContain("hunter2");
  });

  describe("beside the one that a service runs with", () => {
    const compare = (before: string, after: string, more: { readonly typed?: string } = {}) => {
      writeFileSync(join(folder, "running.yaml"), before);
      writeFileSync(join(folder, "given.yaml"), after);
      const args = ["config", "check", "--config", "given.yaml", "--running", "running.yaml"];
      return commandLine(args, { cwd: folder, env: { MINTMARK_KEY_ENCRYPTION_KEY: KEY }, ...more });
    };

    it("tells what a reload would change, and what needs a restart", async () => {
      const after = yamlOf({ scopes: ["b"] }, {}, { logLevel: "warn" });
      expect(JSON.parse((await compare(yamlOf(), after)).stdout)).toMatchObject({
        publicUrl: "http://127.0.0.1:7001",
        added: [],
        removed: [],
        changed: ["tenants.acme.clients.web.scopes"],
        restart: ["logLevel"],
      });
      const lines = [
        "The configuration is valid.",
        "A reload changes tenants.acme.clients.web.scopes.",
        "The change of logLevel requires a restart.",
      ];
      expect((await compare(yamlOf(), after, { typed: "" })).stdout).toBe(`${lines.join("\n")}\n`);
      expect((await compare(after, after, { typed: "" })).stdout).toContain("A reload changes nothing.");
    });

    it("tells what a reload would refuse although a start would not", async () => {
      const signing = { jwksMaxAge: "1h", publishAhead: "70m" };
      const { code, stderr } = await compare(yamlOf(), yamlOf({}, { signing }, { keyMaxStaleness: "5m" }));
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining("tenants.acme.signing.publishAhead: expected at least"),
      ]);
    });
  });

  it("leaves everything as it was", async () => {
    await check(yamlOf());
    expect(existsSync(join(folder, "data"))).toBe(false);
  });
});

describe("mintmark config init", () => {
  const init = (at: string, ...options: readonly string[]) =>
    commandLine(["config", "init", at, ...options], { cwd: folder });

  it("writes what a service runs with, wherever it is started", { timeout: 60_000 }, async () => {
    const made = await commandAnswer(["config", "init", "first/production"], { cwd: folder });
    expect(made).toEqual({
      config: join(folder, "first/production/mintmark.yaml"),
      keyEncryptionKeyFile: join(folder, "first/production/key-encryption-key"),
      tenant: "default",
      client: "first-client",
      secret: expect.stringMatching(/^[\w-]{43}$/),
      warnings: [],
    });
    expect(readFileSync(made.config, "utf8")).not.toContain(made.secret);
    expect(statSync(made.keyEncryptionKeyFile).mode & 0o777).toBe(0o600);

    const service = await startProcess(folder, { MINTMARK_CONFIG: made.config });
    const env = {
      MINTMARK_ADDRESS: service.publicUrl,
      MINTMARK_CLIENT_ID: made.client,
      MINTMARK_CLIENT_SECRET: made.secret,
    };
    const grant = ["--grant-type", "arbitrary_resource_owner", "--subject", "alice", "--arbitrary-claims", "{}"];
    const { access_token, refresh_token } = await commandAnswer(["mint", ...grant, "--scope", "offline_access"], {
      env,
    });
    expect(claimsOf(access_token)).toMatchObject({ sub: "alice", client_id: "first-client" });
    expect(refresh_token).toMatch(/^1\./);
    expect(await service.stop()).toBe(0);
    expect(existsSync(join(folder, "first/production/data/mintmark.db"))).toBe(true);
    expect(existsSync(join(folder, "data"))).toBe(false);
  });

  it("takes what names the deployment, and says what to do next on a terminal", async () => {
    const options = ["--public-url", "https://tokens.example.com", "--tenant", "acme", "--client", "the web: #1"];
    const typed = ["config", "init", "named", ...options];
    const { code, stdout } = await commandLine(typed, { cwd: folder, typed: "" });
    expect(code).toBe(0);
    const text = stripVTControlCharacters(stdout);
    expect(text).toMatch(/^secret +[\w-]{43}$/m);
    expect(text).toContain(`mintmark serve --config ${join(folder, "named/mintmark.yaml")}`);
    const config = ["config", "check", "--config", join(folder, "named/mintmark.yaml")];
    expect((await commandAnswer(config)).tenants).toEqual([
      { id: "acme", issuer: "https://tokens.example.com/acme", clients: ["the web: #1"] },
    ]);
  });

  it("has the store where the systemd unit lets the service write", async () => {
    const made = await commandAnswer(["config", "init", "unit", "--data", "/var/lib/mintmark"], { cwd: folder });
    const unit = readFileSync(join(import.meta.dirname, "../../deploy/systemd/mintmark.service"), "utf8");
    expect(unit).toContain("\nStateDirectory=mintmark\n");
    expect(parse(readFileSync(made.config, "utf8")).store).toBe("sqlite:/var/lib/mintmark/mintmark.db");
  });

  it("makes another secret and another key each time", async () => {
    const [a, b] = [await init("a"), await init("b")].map(({ stdout }) => JSON.parse(stdout));
    expect(a.secret).not.toBe(b.secret);
    const keys = [a, b].map(({ keyEncryptionKeyFile }) => readFileSync(keyEncryptionKeyFile, "utf8"));
    expect(new Set([...keys.map((key) => key.trim()), a.secret, b.secret]).size).toBe(4);
  });

  it.each(["mintmark.yaml", "key-encryption-key"])("overwrites no %s", async (name) => {
    const at = `there-${name}`;
    expect((await init(at, "--field", "config")).code).toBe(0);
    const before = readFileSync(join(folder, at, name), "utf8");
    const { code, stderr } = await init(at);
    expect([code, stderr]).toEqual([1, expect.stringContaining("already exists: nothing was written.")]);
    expect(readFileSync(join(folder, at, name), "utf8")).toBe(before);
  });

  it.each([
    [["--tenant", "No Tenant"], "a tenant id"],
    [["--public-url", "tokens.example.com"], "publicUrl: expected"],
    [["--client", ""], "is not empty"],
  ])("writes nothing that a start would refuse: %j", async (options, message) => {
    const { code, stderr } = await init("refused", ...options);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });
});
