import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { MintRequestSchema, type MintResponse, MintResponseSchema } from "../../gen/mintmark/v1/token_service_pb.ts";
import { basic } from "../support/doors.ts";
import { freePort } from "../support/free-port.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { processEnv } from "../support/process.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { blocksOf, runSnippets } from "../support/snippets.ts";

const page = readFileSync(new URL("../../docs/deployment.md", import.meta.url), "utf8");
const blocks = blocksOf(page);
const pathOf = (name: string) => fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url));
const ca = readFileSync(pathOf("cert"));
const secret = "the orders' own secret";

/** A proxy with a configuration on the page. */
interface Proxy {
  readonly name: string;
  /** The file that the page's block becomes, with this around it. */
  readonly file: string;
  wrap(block: string, port: number): string;
  readonly args: readonly string[];
}

const proxies: readonly Proxy[] = [
  {
    name: "nginx",
    file: "nginx.conf",
    wrap: (block, port) => `daemon off;
pid nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `  ${kind}_temp_path ${kind};`).join("\n")}
${block
  .replaceAll("/etc/nginx/tls.crt", pathOf("cert"))
  .replaceAll("/etc/nginx/tls.key", pathOf("key"))
  .replaceAll("listen 443", `listen 127.0.0.1:${port}`)}
}
`,
    args: ["-p", ".", "-e", "stderr", "-c", "nginx.conf"],
  },
  {
    name: "caddy",
    file: "Caddyfile",
    wrap: (block, port) => `{
	admin off
	auto_https off
	default_bind 127.0.0.1
}
${block.replace("tokens.example.com {", `https://:${port} {\n\ttls ${pathOf("cert")} ${pathOf("key")}`)}
`,
    args: ["run", "--adapter", "caddyfile", "--config", "Caddyfile"],
  },
];

describe.each(proxies)("$name with the page's configuration", ({ name, file, wrap, args }) => {
  // Only Linux has more than one address on the loopback.
  const isHere = process.platform === "linux" && spawnSync(name, ["-v"]).error === undefined;
  if (!isHere) {
    it.skip(`${name} is not installed`, () => {});
    return;
  }

  let folder: string;
  let service: TestService;
  let proxy: ChildProcess;
  let port: number;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mintmark-proxy-"));
    service = await startBehindProxy(folder);
    port = await freePort();
    const block = blocks.find(({ info }) => info === (name === "nginx" ? "nginx" : "caddy"))?.text ?? "";
    const here = block
      .replaceAll("127.0.0.1:7001", `127.0.0.1:${service.httpPort}`)
      .replaceAll("127.0.0.1:7002", `127.0.0.1:${service.rpcPort}`);
    writeFileSync(join(folder, file), wrap(here, port));
    proxy = spawn(name, args, { cwd: folder, stdio: "ignore", env: { PATH: process.env.PATH, HOME: folder } });
    await vi.waitFor(() => mint({}), 30_000);
  });
  afterAll(async () => {
    const exit = once(proxy, "exit");
    proxy.kill("SIGTERM");
    await exit;
    await service.close();
    rmSync(folder, { recursive: true });
  });

  /** Mints by a form, from an address that is no proxy's. */
  async function mint(headers: Readonly<Record<string, string>>) {
    const form = new URLSearchParams({ grant_type: "arbitrary_resource_owner", subject: "a", arbitrary_claims: "{}" });
    const options = {
      ...{ host: "127.0.0.1", port, localAddress: "127.0.0.2", path: "/connect/token", method: "POST", ca },
      servername: "localhost",
      headers: {
        host: "tokens.example.com",
        authorization: basic("orders", secret),
        "content-type": "application/x-www-form-urlencoded",
        ...headers,
      },
    };
    const asked = request(options).end(form.toString());
    const [response] = await once(asked, "response");
    await text(response);
    return { status: response.statusCode as number, requestId: response.headers["x-request-id"] as string };
  }

  /** The address that the log has for a request. */
  const addressOf = (requestId: string) =>
    service.logger.lines
      .map(({ fields }) => fields as Record<string, unknown>)
      .find((fields) => fields.requestId === requestId && fields.remoteAddress !== undefined)?.remoteAddress;

  it("tells the service its caller's address, whatever the caller says", async () => {
    for (const headers of [{}, { "x-forwarded-for": "192.0.2.7" }, { forwarded: "for=192.0.2.7" }]) {
      const { status, requestId } = await mint(headers);
      expect([status, addressOf(requestId)]).toEqual([200, "127.0.0.2"]);
    }
  });

  it("passes gRPC on", async () => {
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createSsl(ca), {
      "grpc.ssl_target_name_override": "localhost",
      "grpc.default_authority": "grpc.tokens.example.com",
    });
    const metadata = new grpc.Metadata();
    metadata.set("authorization", basic("orders", secret));
    metadata.set("x-forwarded-for", "192.0.2.7");
    metadata.set("x-request-id", "over-grpc");
    const message = create(MintRequestSchema, {
      grantType: "arbitrary_resource_owner",
      subject: "a",
      arbitraryClaims: {},
    });
    const answer = await new Promise<MintResponse>((resolve, reject) =>
      client.makeUnaryRequest(
        "/mintmark.v1.TokenService/Mint",
        () => Buffer.from(toBinary(MintRequestSchema, message)),
        (bytes) => fromBinary(MintResponseSchema, bytes),
        message,
        metadata,
        (error, said) => (said === undefined ? reject(error) : resolve(said)),
      ),
    );
    client.close();
    expect(answer.accessToken).toMatch(/^eyJ/);
    expect(addressOf("over-grpc")).toBe("127.0.0.1");
  });
});

it("Envoy's configuration is YAML, and removes what a caller may write", () => {
  const { static_resources: resources } = parse(blocks.find(({ info }) => info === "text envoy")?.text ?? "");
  const [{ typed_config: manager }] = resources.listeners[0].filter_chains[0].filters;
  expect(manager).toMatchObject({
    use_remote_address: true,
    route_config: { request_headers_to_remove: ["forwarded"] },
  });
});

it("the steps to a first token work one after the other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-first-"));
  // The steps are a list, so their blocks are indented.
  const steps = blocksOf(page.replaceAll(/^ {3}/gm, "")).filter(({ info }) => info === "bash step");
  expect(steps).toHaveLength(3);
  const [write = "", check = "", look = ""] = steps.map(({ text }) =>
    text.replaceAll("/etc/mintmark", folder).replaceAll("/var/lib/mintmark", join(folder, "data")),
  );
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const here = `mintmark() { '${process.execPath}' '${main}' "$@"; }; chown() { [ "$1" = -R ]; }`;
  const env = { NODE_COMPILE_CACHE: processEnv.NODE_COMPILE_CACHE };
  const [, written = []] = await runSnippets([here, write, check], env, 60_000);
  const { secret: made } = JSON.parse(written.join("\n"));

  const service = await startTestService({ MINTMARK_CONFIG: join(folder, "mintmark.yaml") });
  const there = look
    .replaceAll("127.0.0.1:7003", `127.0.0.1:${service.managementPort}`)
    .replaceAll("https://tokens.example.com", `http://127.0.0.1:${service.httpPort}`);
  const [, lines = []] = await runSnippets([here, there], { ...env, MINTMARK_CLIENT_SECRET: made }, 60_000);
  const said = lines.join("\n");
  expect(said).toContain("readyz check passed");
  expect(said).toContain('"issuer":"https://tokens.example.com"');
  expect(JSON.parse(said.slice(said.lastIndexOf("\n{") + 1))).toMatchObject({ access_token: expect.any(String) });
  await service.close();
  rmSync(folder, { recursive: true });
});

/** Starts a service that trusts a proxy on this machine. */
async function startBehindProxy(folder: string): Promise<TestService> {
  mkdirSync(folder, { recursive: true });
  const client = { secrets: ["env:ORDERS_SECRET"], grants: ["arbitrary_resource_owner"] };
  const config = {
    publicUrl: "https://tokens.example.com",
    trustedProxies: ["127.0.0.1"],
    tenants: { default: { signing: { algorithm: "ES256" }, clients: { orders: client } } },
  };
  writeFileSync(join(folder, "mintmark.json"), JSON.stringify(config));
  return startTestService({
    MINTMARK_CONFIG: join(folder, "mintmark.json"),
    MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
    ORDERS_SECRET: secret,
  });
}
