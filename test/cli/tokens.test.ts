import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEVELOPMENT_CLIENT } from "../../src/config/development.ts";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
import { commandAnswer, commandLine } from "../support/command-line.ts";
import { claimsOf } from "../support/decode.ts";
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

const around = (
  more: { readonly input?: string; readonly env?: Record<string, string>; readonly typed?: string } = {},
) => ({
  cwd: folder,
  ...more,
  env: {
    MINTMARK_ADDRESS: service.publicUrl,
    MINTMARK_CLIENT_ID: DEVELOPMENT_CLIENT.id,
    MINTMARK_CLIENT_SECRET: DEVELOPMENT_CLIENT.secret,
    ...more.env,
  },
});

const MINT = ["mint", "--grant-type", "arbitrary_identity", "--subject", "alice", "--scope", "nitro offline_access"];

describe("mintmark mint", () => {
  it("answers as the token endpoint does", async () => {
    expect(await commandAnswer(MINT, around())).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      token_type: "Bearer",
      expires_in: 2_592_000,
      refresh_token: expect.any(String),
      id_token: expect.stringMatching(/^eyJ/),
      scope: "nitro offline_access",
    });
  });

  it("passes on every parameter", async () => {
    writeFileSync(join(folder, "payload.json"), '{"deep":[1,2.5,null]}');
    const options = [
      ...[
        "--tenant",
        "acme",
        "--scope",
        "a",
        "--scope",
        "b c",
        "--access-token-lifetime",
        "5m",
        "--id-token-lifetime",
        "30",
      ],
      ...["--arbitrary-amr", "pin", "--arbitrary-amr", "otp", "--arbitrary-audience", "cat"],
      ...["--resource", "https://a.example", "--resource", "https://b.example"],
      ...["--arbitrary-claims", '{"role":["admin","limited"]}', "--custom-payload", "@payload.json"],
    ];
    const { access_token, id_token, expires_in } = await commandAnswer(
      ["mint", "--grant-type", "arbitrary_identity", "--subject", "bob", ...options],
      around(),
    );
    expect(expires_in).toBe(300);
    const claims = claimsOf(access_token);
    expect(claims).toMatchObject({
      iss: `${service.publicUrl}/acme`,
      sub: "bob",
      scope: ["a", "b", "c"],
      amr: ["arbitrary_identity", "pin", "otp"],
      aud: ["https://a.example", "https://b.example", "cat"],
      role: ["admin", "limited"],
      custom_payload: { deep: [1, 2.5, null] },
    });
    const identity = claimsOf(id_token) as { exp: number; iat: number };
    expect(identity.exp - identity.iat).toBe(30);
  });

  it("takes the parameters of arbitrary_token and arbitrary_resource_owner", async () => {
    const issued = await commandAnswer(
      [
        ...["mint", "--grant-type", "arbitrary_token", "--issuer", "https://accounts.google.com"],
        ...["--arbitrary-json", "-", "--access-token-type", "jwt"],
      ],
      around({ input: '{"top":{"dog":"cat"}}' }),
    );
    expect(claimsOf(issued.access_token)).toMatchObject({ iss: "https://accounts.google.com", top: { dog: "cat" } });
    const first = await commandAnswer(MINT, around());
    const owner = [
      "mint",
      "--grant-type",
      "arbitrary_resource_owner",
      "--arbitrary-claims",
      "{}",
      "--access-token-file",
      "-",
    ];
    const { access_token } = await commandAnswer(owner, around({ input: `${first.access_token}\n` }));
    expect(claimsOf(access_token)).toMatchObject({ sub: "alice" });
  });

  it("mints for the client itself", async () => {
    const mint = ["mint", "--grant-type", "client_credentials", "--scope", "nitro", "--access-token-lifetime", "5m"];
    const { access_token, ...rest } = await commandAnswer(mint, around());
    expect(rest).toEqual({ token_type: "Bearer", expires_in: 300, scope: "nitro" });
    expect(claimsOf(access_token)).toMatchObject({ sub: DEVELOPMENT_CLIENT.id, client_id: DEVELOPMENT_CLIENT.id });
  });

  it("exchanges a token, with an actor's, for one of its own or for a transaction token", async () => {
    const { access_token: actor } = await commandAnswer(["mint", "--grant-type", "client_credentials"], around());
    writeFileSync(join(folder, "actor"), String(actor));
    const subject = ["mint", "--grant-type", "arbitrary_no_subject", "--arbitrary-claims", '{"sub":"alice"}'];
    const { access_token: token } = await commandAnswer([...subject, "--scope", "nitro"], around());
    const exchange = ["mint", "--grant-type", "urn:ietf:params:oauth:grant-type:token-exchange", "--scope", "nitro"];
    const presented = [...exchange, "--subject-token-file", "-", "--subject-token-type", "access_token"];
    const acting = ["--actor-token-file", "actor", "--actor-token-type", "jwt", "--audience", "a", "--audience", "b"];
    const input = `${token}\n`;
    const one = await commandAnswer([...presented, ...acting, "--requested-token-type", "jwt"], around({ input }));
    expect(one.issued_token_type).toBe("urn:ietf:params:oauth:token-type:jwt");
    expect(claimsOf(one.access_token)).toMatchObject({
      ...{ sub: "alice", aud: ["a", "b"], act: { sub: DEVELOPMENT_CLIENT.id } },
    });
    const transaction = ["--requested-token-type", "txn_token", "--audience", "development.example"];
    const said = ["--request-details", '{"action":"buy"}', "--request-context", '{"req_ip":"::1"}'];
    const other = await commandAnswer([...presented, ...transaction, ...said], around({ input }));
    expect(other.token_type).toBe("N_A");
    expect(claimsOf(other.access_token)).toMatchObject({ tctx: { action: "buy" }, rctx: { req_ip: "::1" } });
  });

  it("passes an id_token on, and its authority", async () => {
    writeFileSync(join(folder, "id_token"), "not.a.jwt");
    const grant = ["mint", "--grant-type", "arbitrary_oidc_resource_owner", "--arbitrary-claims", "{}"];
    const { code, stderr } = await commandLine(
      [...grant, "--authority", "wellknown://google", "--id-token-file", "id_token"],
      around(),
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining("id_token")]);
    expect(stderr).not.toContain("not.a.jwt");
  });

  it("prints a field alone", async () => {
    const { stdout } = await commandLine([...MINT, "--field", "access_token"], around());
    expect(stdout).toMatch(/^eyJ[\w.-]+\n$/);
  });

  it("prints YAML, and a table on a terminal", async () => {
    expect((await commandLine([...MINT, "--format", "yaml"], around())).stdout).toMatch(
      /^access_token: .*\ntoken_type: Bearer\n/,
    );
    const { stdout } = await commandLine(MINT, around({ typed: "" }));
    expect(stripVTControlCharacters(stdout)).toMatch(/^access_token {3}eyJ.*\ntoken_type {5}Bearer\n/);
  });

  it.each([
    [["--field", "acces_token"], "--field: unknown field; did you mean access_token? The fields are access_token, "],
    [["--field", "a", "--format", "json"], "option '--field <name>' cannot be used with option '--format <format>'"],
    [["--arbitrary-claims", "{hunter2"], "--arbitrary-claims: it is not valid JSON."],
    [["--arbitrary-claims", "[]"], "--arbitrary-claims must be a JSON object."],
    [
      ["--arbitrary-claims", '{"n":9007199254740993}'],
      "--arbitrary-claims: it holds a number that would lose precision",
    ],
    [["--arbitrary-claims", '{"n":1,"n":2}'], "--arbitrary-claims: it has the member 'n' twice."],
    [["--arbitrary-claims", "@gone.json"], "Cannot read the file for the JSON of --arbitrary-claims (ENOENT)"],
    [["--access-token-lifetime", "soon"], "--access-token-lifetime: Expected whole seconds"],
    [["--access-token-type", "opaque"], "--access-token-type: Allowed choices are jwt, reference."],
  ])("refuses %j", async (options, message) => {
    const { code, stderr } = await commandLine([...MINT, ...options], around());
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    expect(stderr).not.toContain("hunter2");
  });

  it("reads standard input for one thing alone", async () => {
    const options = ["--arbitrary-claims", "-", "--client-secret-file", "-"];
    const { code, stderr } = await commandLine([...MINT, ...options], around({ input: "{}" }));
    expect([code, stderr]).toEqual([1, "mintmark: Standard input can be used only once.\n"]);
  });

  it("tells what the service refused", async () => {
    const { code, stdout, stderr } = await commandLine(["mint", "--grant-type", "arbitrary_identity"], around());
    expect([code, stdout, stderr]).toEqual([
      2,
      "",
      expect.stringMatching(/^mintmark: invalid_request: subject is required\./),
    ]);
  });
});

describe("the life of a token", () => {
  it("is refreshed, introspected and revoked, from files, standard input and variables", async () => {
    const { refresh_token } = await commandAnswer(MINT, around());
    const next = await commandAnswer(["refresh", "-", "--scope", "nitro"], around({ input: `${refresh_token}\n` }));
    expect(claimsOf(next.access_token)).toMatchObject({ scope: ["nitro"] });

    writeFileSync(join(folder, "token"), `${next.access_token}\n`);
    expect(await commandAnswer(["introspect", "token"], around())).toMatchObject({ active: true, sub: "alice" });
    const env = { MINTMARK_TOKEN: next.refresh_token };
    const hinted = ["introspect", "--token-type-hint", "refresh_token", "--field", "active"];
    expect((await commandLine(hinted, around({ env }))).stdout).toBe("true\n");

    expect(await commandLine(["revoke"], around({ env }))).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await commandAnswer(["introspect", "token"], around())).toEqual({ active: false });
  });

  it("is taken without what is around it, and told apart from the whole answer", async () => {
    const { access_token } = await commandAnswer(MINT, around());
    expect(await commandAnswer(["introspect"], around({ input: `  ${access_token} \r\n\n` }))).toMatchObject({
      active: true,
    });
    const { code, stderr } = await commandLine(["introspect"], around({ input: JSON.stringify({ access_token }) }));
    expect([code, stderr]).toEqual([1, expect.stringContaining("Expected only the token, got JSON")]);
    expect(stderr).not.toContain(access_token);
  });

  it("shows moments as times on a terminal", async () => {
    const env = { MINTMARK_TOKEN: (await commandAnswer(MINT, around())).access_token };
    const { stdout } = await commandLine(["introspect"], around({ env, typed: "" }));
    expect(stripVTControlCharacters(stdout)).toMatch(/^exp +\d+ {2}20\d\d-\d\d-\d\dT.*Z$/m);
  });

  it("ends with its subject", async () => {
    const { access_token } = await commandAnswer(MINT, around());
    const { code, stdout } = await commandLine(
      ["revoke", "--subject", "alice", "--revoke-all-subjects"],
      around({ typed: "" }),
    );
    expect([code, stdout]).toEqual([0, "Revoked.\n"]);
    expect(await commandAnswer(["introspect", "-"], around({ input: access_token }))).toEqual({ active: false });
    expect((await commandLine(["revoke", "x", "--subject", "alice"], around())).stderr).toContain(
      "--subject cannot be used with a token.",
    );
  });

  it("asks for a token on a terminal, and does not show it", async () => {
    const { access_token } = await commandAnswer(MINT, around());
    const { code, stdout, stderr } = await commandLine(["introspect"], around({ typed: `${access_token}\n` }));
    expect([code, stderr]).toEqual([0, "Enter the token: \n"]);
    expect(stripVTControlCharacters(stdout)).toMatch(/^active +true$/m);
  });

  it.each(["introspect", "refresh", "revoke", "decode"])("%s calls nobody about an empty token", async (name) => {
    const { code, stderr } = await commandLine([name], { input: " \n" });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^mintmark: The (?:refresh )?token is empty\.\n$/)]);
  });

  it.each(["introspect", "refresh", "revoke", "decode"])("%s takes no token as an argument", async (name) => {
    const { access_token } = await commandAnswer(MINT, around());
    const { code, stderr } = await commandLine([name, access_token], around());
    expect([code, stderr]).toEqual([1, expect.stringContaining("Expected a path, not the value itself.")]);
    expect(stderr).not.toContain(access_token);
  });
});

describe("mintmark decode", () => {
  const decode = (input: string, ...options: readonly string[]) => commandLine(["decode", ...options], { input });

  it("shows a JWT, without any service", async () => {
    const { access_token } = await commandAnswer(MINT, around());
    const { header, claims } = await commandAnswer(["decode"], { input: access_token });
    expect(header).toMatchObject({ alg: "RS256" });
    expect(claims).toEqual(claimsOf(access_token));
    expect((await decode(`${access_token}\n`, "-", "--field", "claims.sub")).stdout).toBe("alice\n");
    expect((await decode(access_token, "--field", "sub")).stderr).toContain("unknown field; did you mean claims.sub?");
    const { stdout, stderr } = await commandLine(["decode"], { env: { MINTMARK_TOKEN: access_token }, typed: "" });
    expect(stderr).toContain("Not verified");
    expect(stripVTControlCharacters(stdout)).toMatch(/^alg +RS256\n.*\n\n.*^exp +\d+ {2}20/ms);
  });

  it("says which grant a refresh token belongs to", async () => {
    const { access_token, refresh_token } = await commandAnswer(MINT, around());
    const { refresh_token: decoded } = await commandAnswer(["decode"], { input: refresh_token });
    expect(decoded).toMatchObject({ generation: 0, family: String(claimsOf(access_token).jti).split(".")[1] });
  });

  it.each([
    ["a reference token", "A".repeat(43), "This is a reference token"],
    ["no token", "hunter2", "expected a JWT"],
    ["no JSON", "aHVudGVy.aHVudGVy.aHVudGVy", "must be JSON objects"],
    ["JSON that is no object", "MQ.MQ.MQ", "must be JSON objects"],
  ])("has nothing to show of %s, and does not repeat it", async (_, token, message) => {
    const { code, stderr } = await decode(token);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    expect(stderr).not.toContain(token);
  });
});
