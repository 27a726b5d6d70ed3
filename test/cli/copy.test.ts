import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeProtectedHeader } from "jose";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { openStore } from "../../src/store/index.ts";
import { NO_TENANT } from "../../src/store/port.ts";
import { aRevocation } from "../store/contract/records.ts";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
import { commandLine } from "../support/command-line.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { makeDatabase, withMongo } from "../support/mongodb.ts";
import { startTestService, type TestService } from "../support/service.ts";

const configuration = {
  publicUrl: "https://mint.example",
  tenants: {
    default: {
      signing: { algorithm: "ES256" },
      clients: {
        client: {
          secrets: ["env:CLIENT_SECRET"],
          grants: ["arbitrary_identity"],
          allowOfflineAccess: true,
          scopes: "*",
        },
      },
    },
  },
};

/** Copies a store in a file that was in use to if `target` says, and uses it there. */
function moves(target: (folder: string) => string): void {
  let folder: string;
  let services: TestService[];

  beforeEach(async () => {
    folder = await makeFolder();
    services = [];
    writeFileSync(join(folder, "mintmark.yaml"), stringify(configuration));
  });
  afterEach(async () => {
    await Promise.all(services.map((service) => service.close()));
    await removeFolder(folder);
  });

  async function start(store: string): Promise<TestService> {
    const service = await startTestService({
      MINTMARK_CONFIG: join(folder, "mintmark.yaml"),
      MINTMARK_KEY_ENCRYPTION_KEY: keyText(1),
      MINTMARK_STORE: store,
      CLIENT_SECRET: "the client's secret",
    });
    services.push(service);
    return service;
  }

  async function post(
    service: TestService,
    path: string,
    form: Record<string, string>,
  ): Promise<Record<string, unknown>> {
    const body = new URLSearchParams({ client_id: "client", client_secret: "the client's secret", ...form });
    const response = await fetch(`http://127.0.0.1:${service.httpPort}/connect/${path}`, { method: "POST", body });
    return response.headers.get("content-type")?.includes("json") ? ((await response.json()) as object as never) : {};
  }

  const mint = (service: TestService, form: Record<string, string>) =>
    post(service, "token", { grant_type: "arbitrary_identity", scope: "nitro offline_access", ...form });

  it("keeps every token as it was", async () => {
    const source = `sqlite:${join(folder, "mintmark.db")}`;
    const before = await start(source);
    const alive = await mint(before, { subject: "alice" });
    const reference = await mint(before, { subject: "alice", access_token_type: "reference" });
    const revoked = await mint(before, { subject: "bob" });
    await post(before, "revocation", { token: "bob", token_type_hint: "subject" });
    await post(before, "token", { grant_type: "refresh_token", refresh_token: String(reference.refresh_token) });
    await services.pop()?.close();

    const { code, stdout } = await commandLine(["copy", "--from", source, "--to", "env:TARGET"], {
      env: { TARGET: target(folder) },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /Both stores contain 2 keys, 0 registrations, 3 families, [23] reference tokens, \d revocations and \d numbers/,
    );

    const after = await start(target(folder));
    const introspect = async (token: unknown) => (await post(after, "introspect", { token: String(token) })).active;
    expect(await introspect(alive.access_token)).toBe(true);
    expect(await introspect(alive.refresh_token)).toBe(true);
    expect(await introspect(reference.access_token)).toBe(true);
    expect(await introspect(revoked.access_token)).toBe(false);
    expect(await introspect(revoked.refresh_token)).toBe(false);
    expect(await introspect(reference.refresh_token)).toBe(false);
    const refreshed = await post(after, "token", {
      grant_type: "refresh_token",
      refresh_token: String(alive.refresh_token),
    });
    const kid = (token: unknown) => decodeProtectedHeader(String(token)).kid;
    expect(kid(refreshed.access_token)).toBe(kid(alive.access_token));
  });
}

describe("mintmark copy to another file", () => {
  moves((folder) => `sqlite:${join(folder, "moved.db")}`);
});

withMongo("mintmark copy to MongoDB", (uri) => {
  const database = makeDatabase(uri);
  afterAll(() => database.drop());
  moves(() => database.url);
});

describe("mintmark copy", () => {
  it.each([
    [[], "--from <url> is required"],
    [["--from", "sqlite:a.db"], "--to <url> is required"],
    [
      ["--from", "sqlite:a.db", "--to", ""],
      "--to must be the URL of a store, or env:NAME for a URL in the variable NAME.",
    ],
    [
      ["--from", "env:NOT_THERE", "--to", "sqlite:b.db"],
      "--from must be the URL of a store, or env:NAME for a URL in the variable NAME.",
    ],
    [["--from", "mongodb://user:hunter2@host/a", "--to", "sqlite:b.db"], "--from must not contain a password"],
  ])("asks for both stores, and takes no password: %j", async (options, message) => {
    const { code, stderr } = await commandLine(["copy", ...options]);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("hunter2");
  });

  it("leaves out no revocation that was not over yet, though its clock is ahead", async () => {
    const folder = await makeFolder();
    const [from = "", to = ""] = ["a.db", "b.db"].map((name) => `sqlite:${join(folder, name)}`);
    await (await openStore(from)).close();
    await commandLine(["keys", "rotate", "--store", "--tenant", "default"], {
      env: { MINTMARK_STORE: from },
      cwd: folder,
    });
    const source = await openStore(from);
    await source.forTenant(NO_TENANT).meta.raise("latestMoment", Date.now() + 1_000);
    const revocation = aRevocation({ expiresAt: Date.now() + 3_600_000 });
    await source.forTenant("default").revocations.raise(revocation);
    await source.close();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 7_200_000 });
    const { code } = await commandLine(["copy", "--from", from, "--to", to]);
    vi.useRealTimers();
    expect(code).toBe(0);
    const target = await openStore(to);
    expect(await target.forTenant("default").revocations.find([revocation.id])).toEqual([revocation]);
    await target.close();
    await removeFolder(folder);
  });

  it("refuses a source that does not exist, or has no keys", async () => {
    const folder = await makeFolder();
    const [from = "", to = ""] = ["a.db", "b.db"].map((name) => `sqlite:${join(folder, name)}`);
    const missing = await commandLine(["copy", "--from", from, "--to", to]);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("There is no SQLite file")]);
    await (await openStore(from)).close();
    const { code, stderr } = await commandLine(["copy", "--from", from, "--to", to]);
    expect([code, stderr]).toEqual([2, "mintmark: There is nothing to copy: the source has no keys.\n"]);
    await removeFolder(folder);
  });

  it("ends with 3 if a store is away", async () => {
    const { code, stderr } = await commandLine(
      ["copy", "--from", "mongodb://127.0.0.1:1/a", "--to", "sqlite::memory:"],
      {
        env: { MINTMARK_START_TIMEOUT: "1s", MINTMARK_LOG_LEVEL: "silent" },
      },
    );
    expect(code).toBe(3);
    expect(stderr).toMatch(/^mintmark: /);
  });

  it("shows on a terminal how far it is", async () => {
    const folder = await makeFolder();
    const env = { MINTMARK_STORE: `sqlite:${join(folder, "a.db")}` };
    await (await openStore(env.MINTMARK_STORE)).close();
    await commandLine(["keys", "rotate", "--store", "--tenant", "default"], { env });
    const { stderr } = await commandLine(["copy", "--from", env.MINTMARK_STORE, "--to", `sqlite:${folder}/b.db`], {
      env: { ...env, MINTMARK_LOG_LEVEL: "silent" },
      typed: "",
    });
    expect(stderr.replace(/\d+/, "N")).toBe("\r\u001b[KCopied N rows\r\u001b[K");
    await removeFolder(folder);
  });
});
