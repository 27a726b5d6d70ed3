import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import type { FastifyReply } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OAuthError, type OAuthErrorCode } from "../src/engine/errors.ts";
import { wireName } from "../src/engine/parameters.ts";
import { grants } from "../src/grants/index.ts";
import { sendError } from "../src/http/errors.ts";
import { toConnectError } from "../src/rpc/errors.ts";
import { isReservedClaim, RESERVED_CLAIMS } from "../src/token/reserved-claims.ts";
import { Arrival, nameArrival } from "../src/wire/arrival.ts";
import { fileWorld, problemsOf } from "./config/context.ts";
import { attempts, closedTenant, type GrantType, type Refusal, requiredForms, twinsTenant } from "./docs/attempts.ts";
import { refusals } from "./docs/refusals.ts";
import { checkAnswers, describes } from "./docs/resemble.ts";
import { type OidcService, startOidcService } from "./support/oidc-service.ts";
import { blocksOf, plain, type Row, rowsOf, runSnippets } from "./support/snippets.ts";

const root = join(import.meta.dirname, "..");
const read = (page: string) => readFileSync(join(root, page), "utf8");

const pages = [
  ...["README.md"].filter((page) => existsSync(join(root, page))),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];

let service: OidcService;
beforeAll(async () => {
  service = await startOidcService({ closed: closedTenant, twins: twinsTenant });
});
afterAll(() => service.close());

describe("the requests of", () => {
  const withCurl = pages.filter((page) => blocksOf(read(page)).some(isRequest));

  it.each(withCurl)("%s work as they are", async (page) => {
    // A reader has just started it.
    const fresh = await startOidcService();
    // The addresses of the development configuration, as they are here.
    const text = read(page)
      .replaceAll("http://127.0.0.1:7001", fresh.publicUrl)
      .replaceAll("127.0.0.1:7002", `127.0.0.1:${fresh.rpcPort}`);
    const blocks = blocksOf(text);
    const snippets = blocks.filter(isRequest).map((block) => block.text);
    const [ID_TOKEN, ASSERTION] = await Promise.all([fresh.idToken(), fresh.assertion()]);
    const env = { ID_TOKEN, ASSERTION, MINTMARK_ADDRESS: fresh.publicUrl };
    const outputs = await runSnippets(snippets, env);
    await fresh.close();
    checkAnswers(page, blocks, isRequest, outputs);
  });

  it("the grants are among them", () => {
    for (const { grantType } of grants) expect(withCurl).toContain(pageOf(grantType));
  });
});

/** Something that can be read for each certificate and key that a configuration names. */
function pemFilesIn(text: string): Readonly<Record<string, string>> {
  const pem = { crt: read("test/support/tls/cert.pem"), key: read("test/support/tls/key.pem") };
  return Object.fromEntries(
    Array.from(text.matchAll(/\/[\w/-]+\.(crt|key)/g), ([path, kind]) => [path, pem[kind as keyof typeof pem]]),
  );
}

describe("the configurations of", () => {
  const withYaml = pages.filter((page) => blocksOf(read(page)).some(({ info }) => info === "yaml"));

  it.each(withYaml)("%s can be used", (page) => {
    for (const { info, text } of blocksOf(read(page))) {
      if (info !== "yaml") continue;
      const names = text.matchAll(/env:(\w+)/g);
      const secrets = Object.fromEntries(Array.from(names, ([, name = ""]) => [name, `the secret in ${name}`]));
      expect(problemsOf(fileWorld(text, secrets, pemFilesIn(text))), page).toEqual([]);
    }
  });

  it("keys are among them", () => expect(withYaml).toContain("docs/key-rotation.md"));
});

describe("the refusals that the grants' pages tell of", () => {
  const common = rowsOf(read(pageOf("README")), "description");

  const EXCHANGED = "transaction-tokens";
  const exchange = rowsOf(read("docs/grants/token-exchange.md"), "description");

  it.each(["README", ...grants.map(({ grantType }) => grantType), EXCHANGED])("%s", async (name) => {
    const rows = name === "README" ? common : rowsOf(read(pageOf(name)), "description");
    const shared = name === EXCHANGED ? [...exchange, ...common] : common;
    const made = await Promise.all((await refusals(service))[name]?.map((attempt) => attempt()) ?? []);
    expect(rows.length).toBeGreaterThan(0);
    expect({
      "told, and never made": rows.filter((row) => !made.some((refusal) => tells(row, refusal))).map(words),
      "made, and not told": made.filter((refusal) => ![...rows, ...shared].some((row) => tells(row, refusal))),
    }).toEqual({ "told, and never made": [], "made, and not told": [] });
  });

  it("several at once", async () => {
    const { mint } = attempts(service, await requiredForms(service));
    const { description } = await mint("arbitrary_identity", { subject: "", arbitrary_claims: "{" })();
    expect(read(pageOf("README"))).toContain(`\`${description}\``);
  });
});

describe("the table of", () => {
  const byGrant = rowsOf(read(pageOf("README")), "`arbitrary_token`");
  const cell = (row: Row, grantType: string) => row[`\`${shortName(grantType)}\``] ?? "";

  it.each(grants.map((grant) => [grant.grantType, grant] as const))("parameters of %s", async (grantType, grant) => {
    const taken = byGrant.filter((row) => cell(row, grantType) !== "");
    expect(taken.map(named).sort()).toEqual([...grant.parameters].map(wireName).sort());

    const own = rowsOf(read(pageOf(grantType)), "meaning").filter((row) => row.parameter !== undefined);
    const sorted = (rows: readonly string[][]) => rows.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));
    expect(sorted(own.map((row) => [named(row), row[""] ?? ""]))).toEqual(
      sorted(taken.map((row) => [named(row), cell(row, grantType)])),
    );

    const withCell = (text: string) => taken.filter((row) => cell(row, grantType) === text).map(named);
    const forms = await requiredForms(service);
    const form = Object.keys(forms[grantType as GrantType]);
    expect(form.filter((name) => !withCell("one of").includes(name)).sort()).toEqual(withCell("required").sort());
    const { minted, mint } = attempts(service, forms);
    expect(await minted(grantType as GrantType)).toMatch(/^eyJ/);
    for (const name of form) {
      expect((await mint(grantType as GrantType, { [name]: "" })()).description).toBe(`${name} is required.`);
    }
  });

  it("codes", () => {
    const rows = rowsOf(read(pageOf("README")), "gRPC");
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      const error = new OAuthError(plain(row.code ?? "") as OAuthErrorCode, "no");
      const rpc = Code[toConnectError(error).code]?.replace(/\B[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
      expect([row.code, row.HTTP?.split(",")[0], row.gRPC?.split(",")[0]]).toEqual([
        `\`${error.code}\``,
        String(statusOf(error)),
        `\`${rpc}\``,
      ]);
    }
  });

  it("limits", () => {
    const limits = service.config.tenants.get("default")?.limits;
    const told = rowsOf(read(pageOf("README")), "tenant's key")
      .map((row) => [/limits\.(\w+)/.exec(row["tenant's key"] ?? "")?.[1], Number.parseInt(row["at most"] ?? "", 10)])
      .filter(([key]) => key !== undefined);
    const { tokenWarnBytes, ...refusing } = limits ?? {};
    expect(tokenWarnBytes).toBeDefined();
    expect(Object.fromEntries(told)).toEqual(refusing);
  });

  it("names that the mint owns", () => {
    const [, list = ""] =
      /except these reserved ones.*?:\n\n(.*?)\n\nA name must not/s.exec(read(pageOf("README"))) ?? [];
    const mentioned = Array.from(list.matchAll(/`([^`]+)`/g), ([, name = ""]) => name);
    const told = mentioned.filter((name) => !["markClaim", "role", "allowedClaims"].includes(name));
    expect(told.sort()).toEqual([...RESERVED_CLAIMS].sort());
    expect(told.filter((name) => !isReservedClaim(name, "client_namespace"))).toEqual([]);
  });
});

function isRequest({ info, text }: { readonly info: string; readonly text: string }): boolean {
  return info === "sh" && /\bcurl\b/.test(text);
}

function pageOf(name: string): string {
  return `docs/grants/${shortName(name)}.md`;
}

/** A grant type that is a URI is known by the last part of it. */
function shortName(grantType: string): string {
  return grantType.split(":").at(-1) ?? grantType;
}

function named(row: Row): string {
  return plain(row.parameter ?? "");
}

function words(row: Row): Refusal {
  return { code: plain(row.code ?? ""), description: plain(row.description ?? "") };
}

function tells(row: Row, refusal: Refusal): boolean {
  const told = words(row);
  return told.code === refusal.code && describes(told.description, refusal.description);
}

/** The HTTP status that a refusal is answered with. */
function statusOf(error: OAuthError): number {
  let status = 0;
  const message = {};
  const reply = {
    code: (given: number) => {
      status = given;
      return reply;
    },
    headers: () => reply,
    send: () => reply,
    request: { raw: message },
  };
  nameArrival(message, new Arrival({ requestId: "r1" }, () => undefined));
  sendError(error, reply as unknown as FastifyReply);
  return status;
}
