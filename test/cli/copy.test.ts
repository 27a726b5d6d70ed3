import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeProtectedHeader } from "jose";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { UsageError } from "../../src/cli/command.ts";
import { copy } from "../../src/cli/copy.ts";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
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

    const printed = await copy.run(before.config, before.logger, { from: source, to: target(folder) });
    expect(printed).toMatch(
      /Both stores have 2 keys, 3 families, [23] reference tokens, \d revocations and \d numbers/,
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
  it.each([{}, { from: "sqlite:a.db" }, { from: "sqlite:a.db", to: "" }, { from: "env:NOT_THERE", to: "sqlite:b.db" }])(
    "asks for both stores: %j",
    async (options) => {
      const config = { startTimeout: 60_000, maxClockSkew: undefined } as never;
      await expect(copy.run(config, {} as never, options)).rejects.toThrow(UsageError);
    },
  );
});
