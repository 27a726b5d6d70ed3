import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { developmentConfig } from "../../src/config/development.ts";
import { grants } from "../../src/grants/index.ts";
import { sha256Entry } from "../../src/registry/secret.ts";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
import { commandAnswer, commandLine } from "../support/command-line.ts";
import { startTestService, type TestService } from "../support/service.ts";

type Tenants = ReturnType<typeof developmentConfig>["tenants"];

let folder: string;
let service: TestService;
beforeAll(async () => {
  folder = await makeFolder();
  const config = developmentConfig(grants.map(({ grantType }) => grantType));
  const clerk = { secrets: [sha256Entry("secret")], roles: ["clients" as const], tenants: ["acme"] };
  const operators = { ...config.operators, clerk };
  service = await startTestService({}, { ...config, operators, tenants: withoutPublicKeys(config.tenants) });
});
afterAll(async () => {
  await service.close();
  await removeFolder(folder);
});

/** The tenants without the keys of the development configuration: everybody has them, so nobody may register them. */
function withoutPublicKeys(tenants: Tenants): Tenants {
  const entries = Object.entries(tenants).map(([id, { workloadIssuers: _, clients = {}, ...tenant }]) => {
    const kept = Object.entries(clients).map(([name, { jwks, workload, ...client }]) => [name, client]);
    return [id, { ...tenant, clients: Object.fromEntries(kept) }];
  });
  return Object.fromEntries(entries);
}

const around = (
  more: { readonly input?: string; readonly typed?: string; readonly env?: Record<string, string> } = {},
) => ({
  cwd: folder,
  ...more,
  env: {
    ...{ MINTMARK_ADDRESS: service.publicUrl, MINTMARK_OPERATOR_ID: "operator", MINTMARK_OPERATOR_SECRET: "secret" },
    ...more.env,
  },
});

const apply = (input: string, ...options: readonly string[]) =>
  commandAnswer(["apply", "-f", "-", ...options], around({ input }));
const refused = (input: string, ...options: readonly string[]) =>
  commandLine(["apply", "-f", "-", ...options], around({ input }));
const client = (name: string, ...options: readonly string[]) => commandAnswer(["client", name, ...options], around());
const exported = async (...options: readonly string[]) => (await commandLine(["export", ...options], around())).stdout;

describe("mintmark apply", () => {
  it("registers tenants with their clients, changes what differs, and then has nothing to do", async () => {
    const first = "tenants: {one: {signing: {algorithm: ES256}, clients: {a: {scopes: [x]}, 'b/ü?': {}}}}".replace(
      "ü",
      "u",
    );
    expect(await apply(first, "--dry-run")).toMatchObject({
      dryRun: true,
      changes: [{ outcome: "checked" }, { outcome: "not checked" }, { outcome: "not checked" }],
    });
    const dryRun = await commandLine(["apply", "-f", "-", "--dry-run", "--format", "table"], around({ input: first }));
    expect(dryRun.stdout).toMatch(/\nNothing was changed\. The service has not checked 2 of 3\.\n$/);
    expect(await apply(first)).toEqual({
      changes: [
        {
          ...{ action: "create", tenant: "one", outcome: "done" },
          settings: [{ setting: "signing", to: { algorithm: "ES256" } }],
        },
        { action: "create", tenant: "one", client: "a", settings: [{ setting: "scopes", to: ["x"] }], outcome: "done" },
        { action: "create", tenant: "one", client: "b/u?", outcome: "done" },
      ],
      ...{ unchanged: 0, dryRun: false, effectiveTime: expect.stringMatching(/Z$/) },
    });
    expect(await apply(first)).toEqual({ changes: [], unchanged: 3, dryRun: false });
    const second = "tenants: {one: {clients: {a: {scopes: [x, y], namespace: n}}}}";
    const { stdout } = await commandLine(["apply", "-f", "-", "--format", "table"], around({ input: second }));
    expect(stdout).toMatch(
      new RegExp(
        [
          "^~ tenants\\.one\\.clients\\.a",
          "    scopes: x -> x, y",
          "    namespace: \\(default\\) -> n",
          "0 to create, 1 to update, 0 to delete, 0 unchanged\\.",
          "1 of 1 done\\. Every node acts by it by 20\\S+Z\\.\n$",
        ].join("\n"),
      ),
    );
    // Neither the tenant's settings nor the other client.
    expect(await commandAnswer(["tenant", "get", "--tenant", "one"], around())).toMatchObject({
      settings: { signing: { algorithm: "ES256" } },
    });
    expect(await client("list", "--tenant", "one")).toHaveLength(2);
  });

  it("deletes what the file does not have, if told so and confirmed", async () => {
    await apply("tenants: {two: {clients: {a: {}, b: {}}}, three: {clients: {a: {}}}}");
    const rest = "tenants: {one: {}, two: {clients: {b: {}}}}";
    const unconfirmed = await refused(rest, "--prune");
    expect(unconfirmed).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("Use --yes") });
    expect(unconfirmed.stderr).toMatch(/^- tenants\.two\.clients\.a\n- tenants\.three \(and its clients: 1\)$/m);
    expect((await apply(rest, "--prune", "--yes")).changes).toMatchObject([
      { action: "update", tenant: "one" },
      ...["a", "b/u?"].map((each) => ({ action: "delete", tenant: "one", client: each, outcome: "done" })),
      { action: "delete", tenant: "two", client: "a", outcome: "done" },
      { action: "delete", tenant: "three", outcome: "done" },
    ]);
    const { stdout } = await commandLine(["tenant", "list", "--field", "id"], around());
    expect(stdout).toBe("acme\ndefault\none\ntwo\n");
  });

  it("keeps a client disabled that the file does not enable", async () => {
    const file = "tenants: {two: {clients: {b: {}}}}";
    await client("disable", "--tenant", "two", "--client", "b");
    expect(await apply(file)).toMatchObject({ changes: [], unchanged: 1 });
    expect(await apply("tenants: {two: {clients: {b: {enabled: true}}}}")).toMatchObject({
      changes: [{ settings: [{ setting: "enabled", from: false, to: true }] }],
    });
  });

  it("adds secrets, of which only hashes are sent, and keeps those that there are", async () => {
    const [brought, named] = ["brought from elsewhere", "a secret of a variable"];
    const secrets = [sha256Entry(brought), "env:SECRET_OF_C"];
    const wanted = { tenants: { two: { clients: { c: { grants: ["arbitrary_no_subject"], secrets } } } } };
    const args = ["apply", "-f", "-"];
    const run = () => commandAnswer(args, around({ input: JSON.stringify(wanted), env: { SECRET_OF_C: named } }));
    expect(await run()).toMatchObject({ changes: [{ action: "create", client: "c", secrets: 2, outcome: "done" }] });
    const { secret } = await client("secret", "add", "--tenant", "two", "--client", "c");
    expect(await run()).toMatchObject({ changes: [], unchanged: 1 });
    const mint = ["mint", "--tenant", "two", "--grant-type", "arbitrary_no_subject", "--arbitrary-claims", '{"a":1}'];
    for (const each of [brought, named, secret]) {
      const env = { MINTMARK_CLIENT_ID: "c", MINTMARK_CLIENT_SECRET: each };
      expect(await commandLine(mint, around({ env }))).toMatchObject({ code: 0 });
    }
  });

  it("leaves alone what is in the service's own file, and says so before it changes anything", async () => {
    const file = "tenants: {acme: {clients: {arbitrary-resource-owner-client: {}, own: {}}}}";
    expect(await refused(file)).toMatchObject({
      ...{ code: 2, stdout: "" },
      stderr: expect.stringMatching(
        /changed there:\ntenants\.acme\.clients\.arbitrary-resource-owner-client: grants, scopes, .*\n$/,
      ),
    });
    expect(await client("list", "--tenant", "acme", "--filter", "own")).toMatchObject([{ source: "file" }]);
  });

  it("needs no role for tenants if only clients are wanted, and then deletes no tenant", async () => {
    const as = (input: string) => around({ input, env: { MINTMARK_OPERATOR_ID: "clerk" } });
    const args = ["apply", "-f", "-", "--prune", "--yes"];
    await commandAnswer(args, as("tenants: {acme: {clients: {x: {}, y: {}}}}"));
    const { code, stdout, stderr } = await commandLine(args, as("tenants: {acme: {clients: {x: {}}}}"));
    expect([code, stderr]).toEqual([0, expect.stringContaining("the operator needs the role tenants or read")]);
    expect(JSON.parse(stdout).changes).toMatchObject([{ action: "delete", tenant: "acme", client: "y" }]);
    expect(await commandLine(args, as("tenants: {acme: {markClaim: x}}"))).toMatchObject({ code: 2 });
    await commandAnswer(args, as("tenants: {acme: {clients: {}}}"));
  });

  it("goes on after a refusal, says what was not done, and deletes nothing then", async () => {
    const file = "tenants: {four: {clients: {bad: {introspection: [unknown, x]}, good: {}}}, five: {issuer: ISSUER}}";
    const input = file.replace("ISSUER", service.publicUrl);
    const { code, stdout, stderr } = await refused(input, "--prune", "--yes");
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/changes were not made; a later run tries them again:\n/),
    ]);
    expect(stderr).toMatch(/^tenants\.five \(create\): invalid_request: /m);
    expect(stderr).toMatch(/^tenants\.two \(delete\): not done$/m);
    const outcomes = JSON.parse(stdout).changes.map((change: { outcome: string }) => change.outcome);
    expect(new Set(outcomes)).toEqual(new Set(["done", "refused", "not done"]));
    expect(await client("get", "--tenant", "four", "--client", "good")).toMatchObject({ id: "good" });
  });

  it("says in a dry run what would be refused", async () => {
    const file = "tenants: {two: {clients: {b: {}, d: {introspection: [unknown]}}}}";
    const { code, stderr } = await refused(file, "--dry-run");
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^mintmark: 1 of 1 changes would be refused:\ntenants\.two\.clients\.d \(create\): invalid_request: /m,
    );
  });

  it.each([
    [
      "tenants: {x: {clients: {a: {acessTokenLifetime: 1h}}}}",
      "tenants.x.clients.a.acessTokenLifetime: unknown key; did you mean",
    ],
    [
      "tenants: {x: {clients: {a: {secrets: [hunter2hunter2hunter2]}}}}",
      "tenants.x.clients.a.secrets[0]: expected sha256:",
    ],
    [
      "tenants: {x: {clients: {a: {secrets: ['env:GONE']}}}}",
      "tenants.x.clients.a.secrets[0]: the variable GONE is missing or empty",
    ],
    [`tenants: {x: {clients: {a: {secrets: ['${sha256Entry("secret")}']}}}}`, "this is the hash of a well-known one"],
    ["tenants: {x: {clients: {é: {}}}}", 'tenants.x.clients["é"]: expected a client id: printable ASCII'],
    ["tenants: {X: {}}", "tenants.X: expected a tenant id"],
    ["tenants: {x: }", "tenants.x: expected a mapping, got nothing"],
    ["tenant: {x: {}}", "tenant: unknown key; did you mean tenants?"],
    ["- x", "expected a mapping with tenants"],
    ["tenants: {x: {}, x: {}}", "standard input:1:18: a key that is already in this mapping"],
  ])("says what is wrong with a file, and where: %s", async (input, message) => {
    const { code, stdout, stderr } = await refused(input);
    expect([code, stdout, stderr]).toEqual([1, "", expect.stringContaining(message)]);
    expect(stderr).toContain("standard input");
    expect(stderr).not.toContain("hunter2");
  });

  it("takes a whole configuration, and says what of it is not applied", async () => {
    writeFileSync(join(folder, "mintmark.yaml"), "publicUrl: https://x.example\ntenants: {two: {clients: {b: {}}}}");
    const { code, stderr } = await commandLine(["apply", "-f", "mintmark.yaml", "--dry-run"], around());
    expect([code, stderr]).toEqual([
      0,
      "mintmark.yaml: only its tenants are applied, not publicUrl.\n0 to create, 0 to update, 0 to delete, 1 unchanged.\n",
    ]);
  });
});

describe("mintmark export", () => {
  it("prints what apply has nothing to do with", async () => {
    const odd = ["1", "true", "~", "a: b", "# c", "*", "- d", "'", '"', "\\", "x/y", " "];
    const clients = Object.fromEntries(
      odd.map((id) => [id, { claims: { "*": { odd: id, n: [1.5, null, { "": id }] } } }]),
    );
    await apply(JSON.stringify({ tenants: { odd: { markClaim: "*", clients }, default: { clients: { mine: {} } } } }));
    for (const options of [[], ["--all"], ["--tenant", "odd", "--tenant", "default"]]) {
      const yaml = await exported(...options);
      const { changes, unchanged } = await apply(yaml, "--dry-run");
      expect([changes, unchanged]).toEqual([[], expect.any(Number)]);
      expect(yaml).not.toMatch(/secrets:|sha256/);
      for (const id of odd) expect(yaml).toContain(id);
    }
    expect(await apply(await exported(), "--prune", "--dry-run")).toMatchObject({ changes: [] });
  });

  it("leaves out what is in the service's own file", async () => {
    const { stdout } = await commandLine(["export", "--tenant", "default"], around({ typed: "" }));
    expect(stripVTControlCharacters(stdout)).toMatch(/^#.*\ntenants:\n {2}default:\n {4}clients:\n {6}mine: \{\}\n$/);
    expect(await exported("--tenant", "acme")).toMatch(/\ntenants: \{\}\n$/);
  });

  it("prints clients for an operator who may see no tenants, if their tenants are named", async () => {
    const as = (input?: string) =>
      around({ ...(input !== undefined && { input }), env: { MINTMARK_OPERATOR_ID: "clerk" } });
    await commandAnswer(["apply", "-f", "-"], as("tenants: {acme: {clients: {of-clerk: {}}}}"));
    const all = await commandLine(["export"], as());
    expect(all).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("Use --tenant") });
    const { code, stdout, stderr } = await commandLine(["export", "--tenant", "acme"], as());
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/\ntenants:\n {2}acme:\n {4}clients:\n {6}of-clerk: \{\}\n$/),
    ]);
    expect(stderr).toMatch(/^The settings of tenants\.acme are left out: /);
    expect(await commandAnswer(["apply", "-f", "-", "--prune", "--yes"], as(stdout))).toMatchObject({ changes: [] });
    await commandAnswer(["apply", "-f", "-", "--prune", "--yes"], as("tenants: {acme: {clients: {}}}"));
  });
});
