import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { fileWorld, PLAIN_SECRET, problemsOf, SECRET } from "../config/context.ts";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
import { commandLine } from "../support/command-line.ts";

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => removeFolder(folder));

/** Imports files with these texts. */
function imported(...texts: readonly (string | object)[]) {
  const names = texts.map((text, index) => {
    writeFileSync(join(folder, `${index}.json`), typeof text === "string" ? text : JSON.stringify(text));
    return `${index}.json`;
  });
  return commandLine(["import-gsts", ...names], { cwd: folder });
}

/** The one client that settings with it become, and the notes. */
async function client(settings: object) {
  const { stdout, stderr } = await imported({ clients: { web: { secrets: [PLAIN_SECRET], ...settings } } });
  const notes = stderr.trimEnd().split("\n");
  return {
    web: parse(stdout).tenants.default.clients.web,
    notes: notes.filter((note) => note.startsWith("clients.web")),
  };
}

describe("mintmark import-gsts", () => {
  const GSTS = {
    clients: {
      "arbitrary-resource-owner-client": {
        watermark: "Daffy Duck",
        enabled: true,
        secrets: [PLAIN_SECRET],
        allowedScopes: ["nitro", "aggregator_service.full_access"],
        AllowedGrantTypes: ["arbitrary_resource_owner", "arbitrary_no_subject"],
        AccessTokenLifetime: 2592000,
        AuthorizationCodeLifetime: 300,
        AbsoluteRefreshTokenLifetime: 31104000,
        SlidingRefreshTokenLifetime: 1296000,
        RefreshTokenUsage: 1,
        AccessTokenType: 0,
        AllowOfflineAccess: true,
        RequireClientSecret: true,
        RequireRefreshClientSecret: false,
        ClientClaimsPrefix: null,
      },
    },
  };
  const RESOURCES = {
    apiResources: [
      { name: "nitro", scopeNameSpace: "nitro", scopes: [], secrets: ["hunter2"] },
      {
        name: "aggregator_service",
        scopeNameSpace: "aggregator_service",
        scopes: [{ name: "full_access", displayName: "Full access" }, { name: "read_only" }],
      },
    ],
  };

  it("makes a configuration of a Generic-Security-Token-Service's clients and resources", async () => {
    const { code, stdout, stderr } = await imported(GSTS, RESOURCES);
    expect(code).toBe(0);
    expect(parse(stdout)).toEqual({
      tenants: {
        default: {
          resources: {
            nitro: [],
            aggregator_service: ["aggregator_service.full_access", "aggregator_service.read_only"],
          },
          clients: {
            "arbitrary-resource-owner-client": {
              namespace: "Daffy Duck",
              secrets: [SECRET],
              requireRefreshSecret: false,
              grants: ["arbitrary_resource_owner", "arbitrary_no_subject"],
              scopes: ["nitro", "aggregator_service.full_access"],
              allowOfflineAccess: true,
              accessTokenLifetime: "30d",
              absoluteRefreshTokenLifetime: "360d",
              slidingRefreshTokenLifetime: "15d",
            },
          },
        },
      },
    });
    expect(problemsOf(fileWorld(stdout))).toEqual([]);
    expect(stderr.split("\n")).toEqual([
      "clients.arbitrary-resource-owner-client.RefreshTokenExpiration: not set, which means Absolute in IdentityServer4; here, SlidingRefreshTokenLifetime applies",
      "clients.arbitrary-resource-owner-client: no counterpart: AuthorizationCodeLifetime",
      "apiResources.nitro.secrets: no counterpart: clients introspect, not resources; give a client introspection: [nitro]",
      "",
    ]);
  });

  it("makes one of IdentityServer4's, with comments, C#'s names and hashed secrets", async () => {
    const digest = createHash("sha256").update(PLAIN_SECRET).digest("base64");
    const { code, stdout, stderr } = await imported(`\uFEFF{
      // What .NET takes in its settings.
      "Logging": { "LogLevel": { "Default": "Warning" } },
      "IdentityServer": {
        "ApiScopes": [{ "Name": "orders.read" }],
        "ApiResources": [{ "Name": "orders", "Scopes": ["orders.read"] }],
        "Clients": [
          {
            "ClientId": "https://a//b", /* no comment in there */
            "ClientSecrets": [
              { "Value": "${digest}", "Type": "SharedSecret", "Expiration": null },
              { "Value": "hunter2" },
            ],
            "AllowedGrantTypes": ["authorization_code", "arbitrary_identity"],
            "AllowedScopes": ["orders.read", "offline_access"],
            "AccessTokenType": "Reference", "RefreshTokenUsage": "ReUse", "RefreshTokenExpiration": "Sliding",
            "IdentityTokenLifetime": "600", "Enabled": "False", "RedirectUris": ["https://a.example"],
          },
        ],
      },
    }`);
    expect(code).toBe(0);
    expect(parse(stdout).tenants.default).toEqual({
      resources: { orders: ["orders.read"] },
      clients: {
        "https://a//b": {
          secrets: [SECRET],
          enabled: false,
          refreshTokenUsage: "reuse",
          grants: ["arbitrary_identity"],
          scopes: ["orders.read"],
          allowOfflineAccess: true,
          accessTokenType: "reference",
          idTokenLifetime: "10m",
        },
      },
    });
    expect(loadConfig(fileWorld(stdout)).tenants.get("default")?.clients.size).toBe(1);
    expect(stderr).toContain("clients.https://a//b.ClientSecrets[1]: no counterpart: expected a SharedSecret");
    expect(stderr).toContain("clients.https://a//b.AllowedGrantTypes: no counterpart: authorization_code\n");
    expect(stderr).toContain("clients.https://a//b: no counterpart: RedirectUris\n");
    expect(stderr).toContain("settings.IdentityServer: no counterpart: ApiScopes\n");
    expect(stderr).not.toMatch(/hunter2|Logging/);
  });

  it("gives a client the scopes for itself that IdentityServer4 gives it", async () => {
    const AllowedScopes = ["orders.read", "openid", "offline_access"];
    const { web, notes } = await client({ AllowedGrantTypes: ["client_credentials"], AllowedScopes });
    expect(web).toMatchObject({ grants: ["client_credentials"], defaultScopes: ["orders.read"] });
    expect(notes).toContain(
      "clients.web.AllowedGrantTypes: tokens of client_credentials get the claim sub here: the client's id",
    );
  });

  it("lets no public client have a token for itself", async () => {
    const grants = ["client_credentials", "arbitrary_identity"];
    const { web, notes } = await client({ AllowedGrantTypes: grants, RequireClientSecret: false });
    expect(web.grants).toEqual(["arbitrary_identity"]);
    expect(notes).toContain(
      "clients.web.AllowedGrantTypes: left out: client_credentials, because it requires a secret",
    );
  });

  it.each([
    [{ AccessTokenLifetime: 2147483647 }, { accessTokenLifetime: "3650d" }, "changed from 2147483647 to ten years"],
    [
      { AbsoluteRefreshTokenLifetime: 60, SlidingRefreshTokenLifetime: 120, RefreshTokenExpiration: 0 },
      { absoluteRefreshTokenLifetime: "1m", slidingRefreshTokenLifetime: "1m" },
      "lowered to AbsoluteRefreshTokenLifetime",
    ],
    [{ RefreshTokenExpiration: 1 }, { slidingRefreshTokenLifetime: "30d" }, undefined],
    [
      { RefreshTokenUsage: 0, RequireRefreshClientSecret: false },
      { requireRefreshSecret: false },
      "changed to rotate, because a refresh needs no secret",
    ],
    [{ RequireClientSecret: false }, { requireSecret: false }, "requires allowPublicMint"],
    [{ RefreshTokenGraceEnabled: true, RefreshTokenGraceTTL: 300 }, { refreshGrace: 300 }, undefined],
    [{ RefreshTokenGraceEnabled: false, RefreshTokenGraceTTL: 300 }, { refreshGrace: 0 }, undefined],
    [
      { Namespace: "b2b", AllowedArbitraryIssuers: ["https://a.example"] },
      { namespace: "b2b", allowedIssuers: ["https://a.example"] },
      undefined,
    ],
    [{ AccessTokenType: "opaque" }, {}, "AccessTokenType: skipped: expected 0 or jwt, 1 or reference"],
    [{ AccessTokenLifetime: "soon" }, {}, "AccessTokenLifetime: skipped: expected a whole number"],
    [{ AccessTokenType: "" }, {}, "AccessTokenType: skipped: expected 0"],
    [{ AccessTokenLifetime: 0 }, {}, "AccessTokenLifetime: skipped, so the default applies"],
    [{ AccessTokenLifetime: -1 }, {}, "AccessTokenLifetime: skipped, so the default applies"],
    [{ IdentityTokenLifetime: 0 }, {}, "IdentityTokenLifetime: skipped, so the default applies"],
    [{ AbsoluteRefreshTokenLifetime: 0 }, { absoluteRefreshTokenLifetime: "3650d" }, "changed from 0 to ten years"],
    [{ AllowOfflineAccess: true }, { allowOfflineAccess: true, slidingRefreshTokenLifetime: "30d" }, undefined],
    [{ RefreshTokenExpiration: "1" }, { slidingRefreshTokenLifetime: "30d" }, undefined],
    [{ RefreshTokenExpiration: "never" }, {}, "RefreshTokenExpiration: skipped: expected 0 or sliding"],
    [{ RefreshTokenGraceTTL: 300 }, {}, "RefreshTokenGraceTTL: skipped, because RefreshTokenGraceEnabled is not set"],
    [{ RefreshTokenGraceEnabled: true }, { refreshGrace: 0 }, "RefreshTokenGraceEnabled: changed to no grace"],
    [{ Namespace: 5 }, {}, "Namespace: skipped: expected a string"],
    [{ IncludeJwtId: false }, {}, "IncludeJwtId: false, but here every token has this claim"],
    [{ AllowGlobalSubjectRevocation: false }, {}, "AllowGlobalSubjectRevocation: no counterpart"],
  ])("has a client's %j become what means the same, or says so", async (settings, expected, note) => {
    const { web, notes } = await client(settings);
    expect(web).toEqual({ secrets: [SECRET], grants: [], scopes: [], ...expected });
    expect(notes).toEqual(note === undefined ? [] : [expect.stringContaining(note)]);
  });

  it("says that a refresh needs no secret if a mint needs none", async () => {
    const { notes } = await client({ RequireClientSecret: false, RequireRefreshClientSecret: true });
    expect(notes).toContainEqual(expect.stringContaining("RequireRefreshClientSecret: changed to false"));
  });

  it("says that offline_access among the scopes counts by itself", async () => {
    const { web, notes } = await client({ AllowedScopes: ["a", "offline_access"] });
    expect(web).toMatchObject({ scopes: ["a"], allowOfflineAccess: true });
    expect(notes).toEqual([expect.stringContaining("AllowedScopes: has offline_access")]);
  });

  it.each([
    ["2020-01-01T00:00:00Z", [], "left out: it expired at 2020-01-01T00:00:00Z"],
    ["2020-01-01", [], "left out: it expired"],
    ["2020-01-01T00:00:00.0000000+02:00", [], "left out: it expired"],
    ["01/31/2020", [], "left out: expected its Expiration to be a date"],
    [1_577_836_800, [], "left out: expected its Expiration to be a date"],
    ["9999-12-31T23:59:59", [SECRET], "no counterpart for its expiration at 9999-12-31T23:59:59"],
    ["", [SECRET], undefined],
  ])("takes a secret that expires at %j only while it counts", async (Expiration, secrets, note) => {
    const Value = createHash("sha256").update(PLAIN_SECRET).digest("base64");
    const { web, notes } = await client({ secrets: [], ClientSecrets: [{ Value, Expiration }] });
    expect(web.secrets).toEqual(secrets);
    expect(notes).toEqual(note === undefined ? [] : [expect.stringContaining(`ClientSecrets[0]: ${note}`)]);
  });

  it("leaves out what is disabled, also from the scopes of clients", async () => {
    const { stdout, stderr } = await imported({
      clients: { web: { AllowedScopes: ["orders.read", "shared", "b", "c"] } },
      ApiScopes: [{ Name: "b", Enabled: false }, { Name: "c" }],
      apiResources: [
        { Name: "orders", Scopes: ["orders.read", "shared"], Enabled: false },
        { Name: "stock", Scopes: ["shared", { Name: "c", UserClaims: ["email"] }] },
      ],
    });
    const { resources, clients } = parse(stdout).tenants.default;
    expect(resources).toEqual({ stock: ["shared", "c"] });
    expect(clients.web.scopes).toEqual(["shared", "c"]);
    expect(stderr.split("\n")).toEqual([
      "settings: no counterpart: ApiScopes",
      "clients.web.AllowedScopes: left out, because they are disabled: orders.read, b",
      "apiResources.orders.Enabled: false, so the resource is left out, and no client may request its scopes",
      "apiResources.stock.Scopes: no counterpart: UserClaims",
      "",
    ]);
  });

  const quoted = (text: string) => text.replaceAll("'", '"');
  it.each([
    ["two clients", { Clients: [{ ClientId: "a" }, { clientid: "a" }] }, "clients: a is there twice"],
    ["a client under another's id", { clients: { a: {}, b: { ClientId: "a" } } }, "clients: a is there twice"],
    [
      "two resources",
      { clients: { a: {} }, apiResources: [{ Name: "r" }, { name: "r" }, "r"] },
      "apiResources: r is there twice",
    ],
    [
      "two names",
      quoted("{'clients': {'a': {'Enabled': false, 'Enabled': true}}}"),
      "0.json: settings.clients.a: enabled",
    ],
    ["names in two cases", { clients: { web: {}, WEB: {} } }, "0.json: settings.clients: web is there twice"],
    ["escaped names", quoted("{'Clients': [{'a': 1, '\\u0061': 2}]}"), "0.json: settings.Clients[0]: a is there twice"],
  ])("refuses %s of one name", async (_, settings, message) => {
    const { code, stdout, stderr } = await imported(settings);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`mintmark: ${message}`);
  });

  it("says what it skips", async () => {
    const { stderr } = await imported(
      { clients: { web: { AllowedScopes: ["a"] }, other: 5 }, IdentityServer: [] },
      { clients: "none", apiResources: [{ Name: 5 }, { Name: "r", Scopes: ["a", { Name: 5 }] }] },
    );
    expect(stderr.split("\n")).toEqual([
      "settings.IdentityServer: skipped: expected an object",
      "clients.other: skipped: expected an object",
      "clients: skipped: expected a mapping or a list of clients",
      "apiResources[0].Name: skipped: expected a string",
      "apiResources[0]: skipped: expected a Name",
      "apiResources.r.Scopes.Name: skipped: expected a string",
      "apiResources.r.Scopes: skipped: expected a Name",
      "",
    ]);
  });

  it("says what it makes of files that have the same", async () => {
    const { stdout, stderr } = await imported(
      { Clients: [{ ClientId: "a" }], apiResources: [{ Name: "r", Scopes: ["x"] }] },
      { Clients: [{ ClientId: "A" }, { ClientId: "a", Enabled: false }], apiResources: [{ Name: "r", Scopes: ["y"] }] },
      { clients: { key: { ClientId: "id" } } },
    );
    const { resources, clients } = parse(stdout).tenants.default;
    expect([resources, Object.keys(clients), clients.a.enabled]).toEqual([{ r: ["y"] }, ["a", "A", "id"], false]);
    expect(stderr.split("\n")).toEqual(
      expect.arrayContaining([
        "clients.key: its ClientId is id, which counts rather than its key",
        "clients.A: differs from the earlier file's a in case: both are kept",
        "clients.a: replaces all of the earlier file's; .NET merges the two",
        "clients: the lists of all files are joined; .NET merges lists by position",
        "apiResources: the lists of all files are joined; .NET merges lists by position",
        "apiResources.r: replaces all of the earlier file's; .NET merges the two",
      ]),
    );
  });

  it("says which secrets must be replaced, and repeats none", async () => {
    const { notes } = await client({ secrets: ["hunter2"] });
    expect(notes).toEqual(["clients.web.secrets[0]: replace it: it must have at least 16 characters"]);
  });

  it("takes a later file's client for an earlier one's, and another tenant", async () => {
    const [a, b] = [{ a: { Namespace: "1" }, b: {} }, { a: { Namespace: "2" } }];
    const { stdout } = await imported({ clients: a }, { clients: b });
    expect(Object.keys(parse(stdout).tenants.default.clients)).toEqual(["a", "b"]);
    expect(parse(stdout).tenants.default.clients.a.namespace).toBe("2");
    const other = await commandLine(["import-gsts", "0.json", "--tenant", "acme"], { cwd: folder });
    expect(Object.keys(parse(other.stdout).tenants)).toEqual(["acme"]);
  });

  it.each([
    ["no JSON", '{"clients": hunter2}', "0.json is not valid JSON."],
    ["no clients", "{}", "No clients found: expected a section named clients."],
  ])("refuses a file with %s, and repeats nothing of it", async (_, text, message) => {
    expect(await imported(text)).toEqual({ code: 1, stdout: "", stderr: `mintmark: ${message}\n` });
  });

  it("refuses a file that is not there", async () => {
    const { code, stderr } = await commandLine(["import-gsts", "gone.json"], { cwd: folder });
    expect([code, stderr]).toEqual([1, "mintmark: Cannot read gone.json (ENOENT).\n"]);
  });
});
