import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
import { commandAnswer, commandLine } from "../support/command-line.ts";
import { startTestService, type TestService } from "../support/service.ts";

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

const OPERATOR = { MINTMARK_OPERATOR_ID: "operator", MINTMARK_OPERATOR_SECRET: "secret" };

const around = (
  more: { readonly input?: string; readonly env?: Record<string, string>; readonly typed?: string } = {},
) => ({
  cwd: folder,
  ...more,
  env: { MINTMARK_ADDRESS: service.publicUrl, ...OPERATOR, ...more.env },
});

const on = (...words: readonly string[]) => ["client", ...words, "--tenant", "acme", "--client", "billing"];
const create = (client: string, ...options: readonly string[]) =>
  commandAnswer(["client", "create", "--tenant", "acme", "--client", client, ...options], around());
const mint = (id: string, secret: string) =>
  commandLine(
    ["mint", "--tenant", "acme", "--grant-type", "arbitrary_no_subject", "--arbitrary-claims", '{"a":1}'],
    around({ env: { MINTMARK_CLIENT_ID: id, MINTMARK_CLIENT_SECRET: secret } }),
  );

describe("mintmark client", () => {
  it("registers a client that can mint at once, changes it, rotates its secret, disables and deletes it", async () => {
    const made = await create(
      ...["billing", "--grant-type", "arbitrary_no_subject", "--scope", "a b", "--set", "accessTokenLifetime=15m"],
    );
    expect(Object.keys(made).slice(0, 2)).toEqual(["id", "secret"]);
    expect(made).toEqual({
      ...{ id: "billing", source: "stored" },
      secret: expect.stringMatching(/^[\w-]{43}$/),
      secretId: made.secrets[0].id,
      settings: { grants: ["arbitrary_no_subject"], scopes: ["a", "b"], accessTokenLifetime: "15m" },
      secrets: [{ id: expect.any(String), createTime: expect.any(String) }],
      etag: expect.any(String),
      ...{ createTime: expect.stringMatching(/Z$/), updateTime: expect.any(String), effectiveTime: expect.any(String) },
    });
    expect((await mint("billing", made.secret)).code).toBe(0);

    const set = ["--set", "scopes=*", "--unset", "accessTokenLifetime"];
    const changed = await commandAnswer([...on("update"), ...set, "--etag", made.etag], around());
    expect(changed.settings).toEqual({ grants: ["arbitrary_no_subject"], scopes: "*" });
    expect(await commandLine([...on("update"), "--set", "enabled=true", "--etag", made.etag], around())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("the client billing was changed by somebody else."),
    });

    const more = await commandAnswer([...on("secret", "add"), "--expires", "2999-01-31T08:00:00+01:00"], around());
    expect(more).toMatchObject({ id: "billing", secret: expect.any(String), expireTime: "2999-01-31T07:00:00.000Z" });
    await commandAnswer([...on("secret", "remove"), "--id", made.secretId], around());
    expect((await mint("billing", made.secret)).code).toBe(2);
    expect((await mint("billing", more.secret)).code).toBe(0);

    expect(await commandAnswer(on("disable"), around())).toMatchObject({ settings: { enabled: false } });
    expect((await mint("billing", more.secret)).code).toBe(2);
    await commandAnswer(on("enable"), around());
    expect((await mint("billing", more.secret)).code).toBe(0);
    expect(await commandLine(on("delete"), around())).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--yes"),
    });
    expect(await commandAnswer([...on("delete"), "--yes"], around())).toEqual({
      id: "billing",
      effectiveTime: expect.any(String),
    });
    expect(await commandLine(on("get"), around())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("There is no client billing."),
    });
  });

  it("lists clients of both sources, and tells what holds for one", async () => {
    for (const id of ["one/with:odd chars~", "two"]) await create(id, "--set", "requireSecret=false");
    const { stdout } = await commandLine(["client", "list", "--tenant", "acme", "--field", "id"], around());
    expect(stdout.trim().split("\n")).toEqual([
      "a1ce197b-dd13-43a0-8376-7b762304fdd5",
      "arbitrary-resource-owner-client",
      "one/with:odd chars~",
      "two",
    ]);
    const found = await commandAnswer(["client", "list", "--tenant", "acme", "--filter", "ODD"], around());
    expect(found).toMatchObject([{ id: "one/with:odd chars~", source: "stored", secrets: [] }]);
    expect(await commandAnswer(["client", "list", "--tenant", "acme", "--limit", "3"], around())).toHaveLength(3);
    const get = ["client", "get", "--tenant", "acme", "--client", "one/with:odd chars~"];
    const effective = await commandAnswer([...get, "--effective"], around());
    expect(effective).toContainEqual({ setting: "requireSecret", value: false, from: "client" });
    expect(effective).toContainEqual({ setting: "accessTokenType", value: "jwt", from: "default" });
  });

  it("takes settings of a file, which those of options replace, and takes back its own", async () => {
    writeFileSync(join(folder, "web.yaml"), "# Its own.\ngrants: [arbitrary_token]\nnamespace: shop\n");
    const made = await create("web", "--file", "web.yaml", "--grant-type", "arbitrary_identity", "--dry-run");
    expect(made).toMatchObject({ settings: { grants: ["arbitrary_identity"], namespace: "shop" }, secrets: [] });
    expect(made.secret).toBeUndefined();
    await create("web", "-f", "web.yaml");
    const web = ["--tenant", "acme", "--client", "web"];
    const { stdout: settings } = await commandLine(["client", "get", ...web, "--field", "settings"], around());
    const changed = JSON.stringify({ ...JSON.parse(settings), namespace: "store" });
    const update = ["client", "update", ...web, "--file", "-"];
    expect(await commandAnswer(update, around({ input: changed }))).toMatchObject({
      settings: { grants: ["arbitrary_token"], namespace: "store" },
    });
    const replaced = await commandAnswer([...update, "--replace"], around({ input: "scopes: '*'" }));
    expect(replaced.settings).toEqual({ scopes: "*" });
  });

  it("shows people a line for each setting, and when a change counts", async () => {
    const args = ["client", "create", "--tenant", "acme", "--client", "shown", "--set", "claims={'*': {b: 1}}"];
    const { stdout } = await commandLine([...args, "--scope", "x y"], around({ typed: "" }));
    const text = stripVTControlCharacters(stdout);
    expect(text).toMatch(/^secret +[\w-]{43}$/m);
    expect(text).toMatch(/^settings\.scopes +x, y$/m);
    expect(text).toMatch(/\n\nCreated\. Every node acts by it by 20\S+Z\.\n$/);
    const listed = await commandLine(["client", "list", "--tenant", "acme"], around({ typed: "" }));
    expect(stripVTControlCharacters(listed.stdout)).toMatch(/^CLIENT +SOURCE +STATE/);
  });

  it.each([
    [["--set", "scopes"], 1, "--set: Expected the name of a setting, = and its value"],
    [["--set", "scopes=[a"], 1, "--set scopes:1:3: something is missing, such as a colon, a comma or a closing quote."],
    [["--file", "gone.yaml"], 1, "Cannot read gone.yaml (ENOENT)."],
    [
      ["--scope", "a", "--set", "secrets=[x]"],
      2,
      "settings.secrets is not allowed: secrets are made by AddClientSecret.",
    ],
    [
      ["--set", "acessTokenLifetime=1h"],
      2,
      "clients.x.acessTokenLifetime: unknown key; did you mean accessTokenLifetime?\n",
    ],
    [
      ["--set", "accessTokenLifetime=soon"],
      2,
      "clients.x.accessTokenLifetime: expected whole seconds or text such as 90s",
    ],
  ])("refuses %j", async (options, code, message) => {
    const args = ["client", "create", "--tenant", "acme", "--client", "x", ...options];
    expect(await commandLine(args, around())).toMatchObject({
      code,
      stdout: "",
      stderr: expect.stringContaining(message),
    });
  });

  it.each([
    [["client", "create", "--tenant", "acme", "--client", "é"], 2, "expected a client id: printable ASCII"],
    [["client", "create", "--tenant", "nobody", "--client", "x"], 2, "There is no such tenant."],
    [["client", "create", "--client", "x"], 1, "--tenant <id> is required"],
    [on("update"), 1, "Nothing to change: use --set, --unset or --file."],
    [[...on("update"), "--set", "scopes=*", "--unset", "scopes"], 1, "--unset cannot name a setting that is set."],
    [[...on("secret", "add"), "--expires", "soon"], 1, "--expires: Expected a time such as 2027-01-31T08:00:00Z."],
    [
      [...on("disable"), "--revoke-tokens"],
      1,
      "permanently revokes everything that the client billing of the tenant acme has minted",
    ],
  ])("refuses %j", async (args, code, message) => {
    expect(await commandLine(args, around())).toMatchObject({ code, stderr: expect.stringContaining(message) });
  });

  it("does not change what is in the configuration file", async () => {
    const file = ["--tenant", "acme", "--client", "arbitrary-resource-owner-client"];
    expect(await commandLine(["client", "disable", ...file], around())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("is in the configuration file, and is changed there."),
    });
  });

  it("makes one change, and tells the secret that holds, if answers are lost", async () => {
    const lost = ["CreateClient", "AddClientSecret"];
    const proxy = createServer(async (request, response) => {
      const { method = "", url = "", headers } = request;
      const { authorization = "", "content-type": type = "" } = headers;
      const body = await buffer(request);
      const answer = await fetch(`${service.publicUrl}${url}`, {
        ...{ method, body, headers: { authorization, "content-type": type } },
      });
      const index = lost.findIndex((rpc) => url.endsWith(rpc));
      if (index >= 0) {
        lost.splice(index, 1);
        request.socket.destroy();
      } else {
        response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
        response.end(Buffer.from(await answer.arrayBuffer()));
      }
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const { port } = proxy.address() as AddressInfo;
    const env = { MINTMARK_ADDRESS: `http://127.0.0.1:${port}` };
    const args = ["client", "create", "--tenant", "acme", "--client", "lost", "--grant-type", "arbitrary_no_subject"];
    const { secret, secrets } = await commandAnswer(args, around({ env }));
    await new Promise((done) => proxy.close(done));
    expect([lost, secrets.length]).toEqual([[], 1]);
    expect((await mint("lost", secret)).code).toBe(0);
  });
});

describe("mintmark tenant", () => {
  const tenant = (name: string, ...options: readonly string[]) => ["tenant", name, ...options, "--tenant", "initech"];

  it("registers a tenant that serves clients at once, changes it and deletes it with them", async () => {
    const settings = "signing: {algorithm: ES256}\nresources: {invoices: []}\n";
    writeFileSync(join(folder, "initech.yaml"), settings);
    const made = await commandAnswer(tenant("create", "-f", "initech.yaml"), around());
    expect(made).toMatchObject({
      ...{ id: "initech", source: "stored", etag: expect.any(String), effectiveTime: expect.any(String) },
      settings: { signing: { algorithm: "ES256" }, resources: { invoices: [] } },
    });
    const client = ["--tenant", "initech", "--client", "web"];
    const { secret } = await commandAnswer(
      ["client", "create", ...client, "--grant-type", "arbitrary_no_subject"],
      around(),
    );
    const env = { MINTMARK_CLIENT_ID: "web", MINTMARK_CLIENT_SECRET: secret };
    const args = [
      "mint",
      "--tenant",
      "initech",
      "--grant-type",
      "arbitrary_no_subject",
      "--arbitrary-claims",
      '{"a":1}',
    ];
    expect(await commandLine(args, around({ env }))).toMatchObject({ code: 0 });

    const update = ["--set", "markClaim=group", "--unset", "resources", "--etag", made.etag];
    expect(await commandAnswer(tenant("update", ...update), around())).toMatchObject({
      settings: { signing: { algorithm: "ES256" }, markClaim: "group" },
    });
    expect(await commandAnswer(tenant("get"), around())).toMatchObject({ settings: { markClaim: "group" } });
    expect(await commandLine(["tenant", "list", "--field", "id"], around())).toMatchObject({
      stdout: "acme\ndefault\ninitech\n",
    });
    const { stdout } = await commandLine(["tenant", "list", "--filter", "NIT"], around({ typed: "" }));
    expect(stripVTControlCharacters(stdout)).toMatch(/^TENANT .*\ninitech +stored +enabled/);

    expect(await commandLine(tenant("delete"), around())).toMatchObject({ code: 1 });
    expect(await commandLine(tenant("delete", "--yes"), around())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("still has clients"),
    });
    expect(await commandAnswer(tenant("delete", "--yes", "--force"), around())).toEqual({
      ...{ id: "initech", effectiveTime: expect.any(String), purgeTime: expect.any(String) },
    });
    expect(await commandLine(tenant("create"), around())).toMatchObject({ code: 2 });
  });

  it.each([
    [["tenant", "create", "--tenant", "Initech"], "tenant must be a tenant's id: 1 to 63 lower-case letters"],
    [["tenant", "create", "--tenant", "new", "--set", "clients={}"], "settings.clients is not allowed"],
    [
      ["tenant", "create", "--tenant", "new", "--set", "signing={algo: ES256}"],
      "tenants.new.signing.algo: unknown key",
    ],
    [["tenant", "update", "--tenant", "acme", "--set", "resources={}"], "is in the configuration file"],
    [["tenant", "get", "--tenant", "nobody"], "There is no tenant nobody."],
  ])("refuses %j", async (args, message) => {
    expect(await commandLine(args, around())).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });
});
