import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createGateway } from "../../src/http/gateway.ts";
import { ServerTls } from "../../src/wire/tls.ts";
import { testContext } from "../support/context.ts";
import { recordingWatcher } from "../support/watcher.ts";

const watcher = recordingWatcher();
const pem = (name: string) => readFileSync(new URL(`../support/tls/${name}`, import.meta.url));
const tls = new ServerTls({ cert: pem("cert.pem"), key: pem("key.pem") });

let apps: readonly FastifyInstance[];
let port: number;
let tlsPort: number;
beforeAll(async () => {
  const { node, listener } = await testContext();
  const options = { engine: node.engine, publicUrl: "http://localhost", listener, watcher, closeGrace: 1 };
  apps = [createGateway(options), createGateway({ ...options, tls })];
  // A path whose answer never comes.
  for (const app of apps) app.get("/never", () => new Promise(() => undefined));
  [port = 0, tlsPort = 0] = await Promise.all(
    apps.map(async (app) => Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port)),
  );
});
beforeEach(() => watcher.clear());
afterAll(() => Promise.all(apps.map((app) => app.close())));

async function ended() {
  await expect.poll(() => watcher.requests.length).toBe(1);
  expect(watcher.ends).toBe(1);
  return watcher.requests[0];
}

const usual = { isCutOff: false, version: "1.1", scheme: "http" };

it.each([
  ["GET", "/.well-known/openid-configuration/jwks", "/.well-known/openid-configuration/jwks", 200],
  ["POST", "/connect/token", "/connect/token", 401],
  ["POST", "/some-tenant/connect/token", "/:tenant/connect/token", 404],
  ["GET", "/some/path", undefined, 404],
  ["PROPFIND", "/connect/token", "/connect/token", 405],
  ["GET", "/%ff/connect/token", undefined, 400],
])("a request is told of by its route: %s %s", async (method, path, route, status) => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  await (await fetch(`http://127.0.0.1:${port}${path}`, { method, headers })).text();
  expect(await ended()).toEqual({ ...usual, method, route, status });
});

const JWKS = "/.well-known/openid-configuration/jwks";

it.each([
  [JWKS, { status: 200, isCutOff: false }],
  ["/never", { status: undefined, isCutOff: true }],
])("a request over HTTP/2 and TLS is told of: %s", async (path, expected) => {
  const session = connectHttp2(`https://127.0.0.1:${tlsPort}`, { rejectUnauthorized: false });
  const stream = session.request({ ":path": path }).resume();
  stream.on("error", () => undefined);
  if (expected.isCutOff) {
    await new Promise((resolve) => session.ping(resolve));
    stream.close();
  }
  expect(await ended()).toEqual({ method: "GET", route: path, version: "2.0", scheme: "https", ...expected });
  session.destroy();
});

it("a request whose client leaves is told of", async () => {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write("GET /never HTTP/1.1\r\nhost: x\r\n\r\n", () => setImmediate(() => socket.destroy()));
  expect(await ended()).toEqual({ ...usual, method: "GET", route: "/never", status: undefined, isCutOff: true });
});
