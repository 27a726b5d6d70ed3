import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, type IncomingMessage, METHODS, request as requestHttp } from "node:http";
import { request } from "node:https";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { registerConnect } from "../../src/rpc/connect.ts";
import { rpcServices } from "../../src/rpc/services.ts";
import { ServerTls } from "../../src/wire/tls.ts";
import { FORM, listen, sendRaw, testGateway } from "./support.ts";

const NO_TENANT = { error: "invalid_request", error_description: "There is no such tenant." };
const NOTHING = { error: "invalid_request", error_description: "There is nothing at this path." };

test("takes so many connections, and closes one more", async () => {
  const { app } = testGateway();
  expect(app.server.maxConnections).toBe(4096);
  app.server.maxConnections = 1;
  const port = Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port);
  const first = connect(port, "127.0.0.1");
  await once(app.server, "connection");
  await once(
    connect(port, "127.0.0.1").on("error", () => undefined),
    "close",
  );
  first.destroy();
  await app.close();
});

describe("a path", () => {
  test.each([
    "/default/connect/token",
    "/%64efault/connect/token",
    "/unknown/connect/token",
    "/default/connect/introspect",
    "/unknown/connect/revocation",
    "/__proto__/connect/token",
    "//connect/token",
    "/.well-known/connect/token",
    `/${"t".repeat(63)}/connect/token`,
    `/${"t".repeat(64)}/connect/token`,
    "/default/.well-known/openid-configuration",
    "/unknown/.well-known/openid-configuration/jwks",
    "/.well-known/oauth-authorization-server/default",
    "/.well-known/oauth-authorization-server/unknown",
  ])("that names no tenant is not found, whatever is asked: %s", async (url) => {
    const { app, engine } = testGateway();
    for (const method of ["POST", "GET", "PUT", "PROPFIND"] as const) {
      const response = await app.inject({ method, url, headers: { "content-type": "text/plain" }, payload: "x" });
      expect(response.statusCode).toBe(404);
      expect(response.json()).toEqual(NO_TENANT);
      expect(response.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
      expect(response.headers["access-control-allow-origin"]).toBeUndefined();
    }
    expect(engine.asked).toEqual([]);
  });

  test.each([
    "/connect",
    "/connect/token/",
    "/Connect/Token",
    "/connect//token",
    "/acme/acme/connect/token",
    "/favicon.ico",
  ])("that there is not is not found: %s", async (url) => {
    const { app, logger } = testGateway();
    for (const method of ["GET", "POST", "DELETE", "PROPFIND"] as const) {
      const response = await app.inject({ method, url, headers: { "content-type": "application/json" }, payload: "{" });
      expect(response.statusCode).toBe(404);
      expect(response.json()).toEqual(NOTHING);
    }
    expect(logger.lines.map(({ fields }) => fields)).toMatchObject(Array(4).fill({ event: "refused" }));
  });

  test.each(["/%", "/%ff/connect/token", "/a%zz/connect/token?x=SECRET"])(
    "that is not well-formed is refused: %s",
    async (url) => {
      const { app, logger } = testGateway();
      const response = await app.inject(url);
      expect(response.statusCode).toBe(400);
      expect(response.json()).toEqual({
        error: "invalid_request",
        error_description: "The HTTP request is malformed.",
      });
      const requestId = response.headers["x-request-id"];
      expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
      expect(logger.lines).toMatchObject([{ fields: { event: "refused", requestId } }]);
      expect(logger.text()).not.toContain("SECRET");
    },
  );
});

describe("an endpoint for forms", () => {
  test.each([
    "/connect/token",
    "/acme/connect/token",
    "/connect/introspect",
    "/acme/connect/introspect",
    "/connect/revocation",
    "/acme/connect/revocation",
  ])("takes nothing but POST at %s", async (url) => {
    const { app, engine } = testGateway();
    for (const method of METHODS.filter((name) => name !== "POST") as "GET"[]) {
      const headers = { ...FORM, origin: "https://page.example", "access-control-request-method": "POST" };
      const response = await app.inject({ method, url, headers, payload: "grant_type=x" });
      expect(response.statusCode).toBe(405);
      expect(response.headers.allow).toBe("POST");
      expect(response.headers["cache-control"]).toBe("no-store");
      expect(response.headers["access-control-allow-origin"]).toBeUndefined();
      if ((method as string) !== "HEAD") {
        expect(response.json()).toEqual({ error: "invalid_request", error_description: "The method must be POST." });
      }
    }
    expect(engine.asked).toEqual([]);
  });

  test.each(["/connect/token", "/connect/introspect", "/connect/revocation"])(
    "serves each tenant at its own path: %s",
    async (path) => {
      const { engine, post } = testGateway();
      expect((await post("grant_type=x", {}, path)).statusCode).toBe(200);
      expect((await post("grant_type=x", {}, `/acme${path}`)).statusCode).toBe(200);
      expect(engine.asked.map(({ tenant }) => tenant)).toEqual(["default", "acme"]);
    },
  );

  test("answers a method of WebDAV over the wire too", async () => {
    const { app } = testGateway();
    const port = await listen(app);
    const request = "PROPFIND /connect/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1\r\n\r\na";
    expect(await sendRaw(port, request)).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\n.*allow: POST\r\n/s);
    await app.close();
  });
});

describe("the RPCs beside it", () => {
  const MINT = "/mintmark.v1.TokenService/Mint";

  function gatewayWithRpcs() {
    const context = testGateway();
    registerConnect(context.app, rpcServices(context.engine));
    return context;
  }

  test("are answered over Connect", async () => {
    const { app, engine } = gatewayWithRpcs();
    const port = await listen(app);
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ tenant: "acme", grantType: "arbitrary_token" });
    const response = await fetch(`http://127.0.0.1:${port}${MINT}`, { method: "POST", headers, body });
    expect(await response.json()).toEqual({ accessToken: "at", tokenType: "Bearer", expiresIn: "29" });
    expect(engine.request).toEqual({ grantType: "arbitrary_token" });
    await app.close();
  });

  test("are answered over gRPC-Web", async () => {
    const { app } = gatewayWithRpcs();
    const port = await listen(app);
    const headers = { "content-type": "application/grpc-web" };
    const response = await fetch(`http://127.0.0.1:${port}${MINT}`, { method: "POST", headers, body: Buffer.alloc(5) });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^application\/grpc-web/);
    expect(Buffer.from(await response.arrayBuffer()).toString("latin1")).toMatch(/grpc-status: 0/);
    await app.close();
  });

  test("take nothing but POST", async () => {
    const { app } = gatewayWithRpcs();
    for (const method of METHODS.filter((name) => name !== "POST") as "GET"[]) {
      const { statusCode, headers } = await app.inject({ method, url: MINT });
      expect([statusCode, headers.allow]).toEqual([405, "POST"]);
    }
  });

  test.each(["/connect/token", "/.well-known/openid-configuration", MINT, "/nothing"])(
    "share a port that takes no request with two hosts: %s",
    async (path) => {
      const { app, engine } = gatewayWithRpcs();
      const port = await listen(app);
      for (const second of ["host: evil.example", "HOST: x"]) {
        const answer = await sendRaw(port, `GET ${path} HTTP/1.1\r\nhost: x\r\n${second}\r\nconnection: close\r\n\r\n`);
        expect(answer).toMatch(
          /^HTTP\/1\.1 400 Bad Request\r\n.*cache-control: no-store\r\n.*"The HTTP request is malformed\."/s,
        );
      }
      expect(engine.asked).toEqual([]);
      await app.close();
    },
  );

  test("take no form", async () => {
    const { app, engine } = gatewayWithRpcs();
    const response = await app.inject({ method: "POST", url: MINT, headers: FORM, payload: "grant_type=x" });
    expect(response.statusCode).toBe(415);
    expect(engine.asked).toEqual([]);
  });
});

describe("the connection", () => {
  const CLOSED = /^HTTP\/1\.1 (\d+) [\w ]+\r\n.*\r\nconnection: close\r\n.*\r\n\r\n(.*)$/s;

  async function refused(...parts: string[]) {
    const { app, logger } = testGateway();
    const port = await listen(app);
    const answer = await sendRaw(port, ...parts);
    const [, status, body] = CLOSED.exec(answer) ?? [];
    await app.close();
    const [, requestId] = /^x-request-id: ([0-9a-f-]{36})\r$/m.exec(answer) ?? [];
    expect(logger.lines).toMatchObject([{ fields: { event: "refused", requestId } }]);
    return { status: Number(status), ...JSON.parse(body ?? "{}") };
  }

  test("ends with a refusal if no HTTP request comes in", async () => {
    const description = "The HTTP request is malformed.";
    const refusal = { status: 400, error: "invalid_request", error_description: description };
    expect(await refused("SECRET nonsense\r\n\r\n")).toEqual(refusal);
    expect(
      await refused("POST /connect/token HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
    ).toEqual(refusal);
  });

  test("ends with a refusal if the header is too large", async () => {
    const request = `GET / HTTP/1.1\r\nhost: x\r\nauthorization: ${"S".repeat(17_000)}\r\n\r\n`;
    expect(await refused(request)).toEqual({
      status: 431,
      error: "invalid_request",
      error_description: "The header is too large.",
    });
  });

  test("is bounded in time and size", () => {
    const { server } = testGateway().app;
    expect(server.headersTimeout).toBe(10_000);
    expect(server.requestTimeout).toBe(30_000);
    expect(server.keepAliveTimeout).toBe(75_000);
  });

  test("ends with a refusal if a request takes too long", async () => {
    const { app } = testGateway();
    const port = await listen(app);
    const answer = sendRaw(port, "POST /connect/token HTTP/1.1\r\n");
    app.server.once("connection", (socket) => {
      app.server.emit("clientError", Object.assign(new Error("late"), { code: "ERR_HTTP_REQUEST_TIMEOUT" }), socket);
    });
    expect(await answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n.*"The request took too long to arrive\."/s);
    await app.close();
  });

  test("is left alone if there is nobody to answer", async () => {
    const { app } = testGateway();
    const port = await listen(app);
    app.server.once("connection", (socket) => {
      app.server.emit("clientError", Object.assign(new Error("gone"), { code: "ECONNRESET" }), socket);
    });
    expect(await sendRaw(port, "").catch(() => "")).toBe("");
    await app.close();
  });

  test("is TLS if there is a certificate, and nothing else then", async () => {
    const pem = (name: string) => readFileSync(new URL(`../support/tls/${name}`, import.meta.url));
    const cert = pem("cert.pem");
    const { app } = testGateway({ tls: new ServerTls({ cert, key: pem("key.pem") }) });
    const port = await listen(app);
    const url = { host: "127.0.0.1", port, path: "/.well-known/openid-configuration/jwks", agent: false };
    const body = await new Promise<string>((resolve, reject) => {
      request({ ...url, ca: cert, servername: "localhost", checkServerIdentity: () => undefined }, (response) =>
        resolve(text(response)),
      )
        .on("error", reject)
        .end();
    });
    expect(JSON.parse(body)).toHaveProperty("keys");
    expect(await sendRaw(port, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").catch(() => "")).not.toContain("HTTP/1.1");
    await app.close();
  });
});

describe("closing", () => {
  const REQUEST = `POST /connect/token HTTP/1.1\r\nhost: x\r\ncontent-type: ${FORM["content-type"]}\r\ncontent-length: 1\r\n\r\na`;

  test("answers what is in flight first", async () => {
    const { app, engine } = testGateway({ closeGrace: 3_600_000 });
    const port = await listen(app);
    const { promise, resolve } = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    engine.answer = async () => {
      asked.resolve();
      await promise;
      return { accessToken: "late", tokenType: "Bearer", expiresIn: 1, scopes: [] };
    };
    const answer = sendRaw(port, REQUEST);
    await asked.promise;
    const closed = app.close();
    resolve();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*"access_token":"late"/s);
    await closed;
  });

  test("loses no request of a client that keeps its connections, once it was told that the node stops", async () => {
    let isStopping = false;
    const { app, engine } = testGateway({ isStopping: () => isStopping });
    const port = await listen(app);
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const ask = async (path = "/connect/token") => {
      const asking = requestHttp({ host: "127.0.0.1", port, path, agent, method: "POST", headers: FORM });
      asking.end("a");
      try {
        const [response] = (await once(asking, "response")) as [IncomingMessage];
        await text(response);
        return { isReused: asking.reusedSocket, connection: response.headers.connection };
      } catch {
        return { isReused: asking.reusedSocket, connection: "lost" };
      }
    };
    const asks = (count: number) => Promise.all(Array.from({ length: count }, () => ask()));
    const kept = (await asks(24)).map(({ connection }) => connection);
    expect(new Set(kept)).toEqual(new Set(["keep-alive"]));
    // What was asked before the node stops, and is answered later, says it too.
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    engine.answer = async () => {
      asked.resolve();
      await answer.promise;
      return { accessToken: "at", tokenType: "Bearer", expiresIn: 1, scopes: [] };
    };
    const late = ask();
    await asked.promise;
    isStopping = true;
    answer.resolve();
    expect(await late).toEqual({ isReused: true, connection: "close" });
    const told = [...(await asks(24)), await ask("/nothing"), await ask("/%")];
    expect(told.filter(({ isReused }) => isReused)).toHaveLength(7);
    expect(told.map(({ connection }) => connection)).toEqual(told.map(() => "close"));
    const closed = app.close();
    const lost = (await asks(8)).filter(({ isReused }) => isReused);
    expect(lost).toEqual([]);
    await closed;
    agent.destroy();
  });

  test("waits no longer than it was given", async () => {
    const { app, engine } = testGateway({ closeGrace: 1 });
    const port = await listen(app);
    const asked = Promise.withResolvers<void>();
    engine.answer = () => {
      asked.resolve();
      return new Promise(() => undefined);
    };
    const answer = sendRaw(port, REQUEST).catch(() => "");
    await asked.promise;
    await app.close();
    expect(await answer).toBe("");
  });
});

describe("a form's header", () => {
  test.each(["gzip", "br", "identity, gzip", "unknown"])("refuses Content-Encoding %s", async (encoding) => {
    const { post, engine } = testGateway();
    const response = await post("grant_type=x", { "content-encoding": encoding });
    expect(response.statusCode).toBe(415);
    expect(engine.asked).toEqual([]);
    expect(response.headers["accept-encoding"]).toBe("identity");
    expect(response.json()).toEqual({
      error: "invalid_request",
      error_description: "Content-Encoding is not supported: send the form uncompressed.",
    });
  });

  test("refuses any of several Content-Encoding fields", async () => {
    const { app, engine } = testGateway();
    const port = await listen(app);
    const fields = "content-encoding: identity\r\ncontent-encoding: gzip\r\ncontent-length: 12\r\n";
    const type = "content-type: application/x-www-form-urlencoded\r\n";
    const head = `POST /connect/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${type}${fields}\r\n`;
    expect(await sendRaw(port, `${head}grant_type=x`)).toMatch(/^HTTP\/1\.1 415 /);
    expect(engine.asked).toEqual([]);
    await app.close();
  });

  test("refuses a transfer coding that nobody reads (RFC 9112 section 6.1)", async () => {
    const { app, engine } = testGateway();
    const port = await listen(app);
    const fields = "content-type: application/x-www-form-urlencoded\r\ntransfer-encoding: gzip, chunked\r\n";
    const head = `POST /connect/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${fields}\r\n`;
    expect(await sendRaw(port, `${head}1\r\nx\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 501 /);
    expect(engine.asked).toEqual([]);
    await app.close();
  });

  test("takes the encoding identity", async () => {
    const { post } = testGateway();
    expect((await post("grant_type=x", { "content-encoding": "Identity" })).statusCode).toBe(200);
  });

  test("refuses two of Content-Type", async () => {
    const { app } = testGateway();
    const port = await listen(app);
    const fields = ["host: x", "connection: close", ...Array(2).fill(`content-type: ${FORM["content-type"]}`)];
    const answer = await sendRaw(
      port,
      `POST /connect/token HTTP/1.1\r\n${fields.join("\r\n")}\r\ncontent-length: 0\r\n\r\n`,
    );
    await app.close();
    expect(answer).toMatch(/^HTTP\/1.1 400 .*Content-Type is given more than once\./s);
  });
});
