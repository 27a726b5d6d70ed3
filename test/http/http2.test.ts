import { once } from "node:events";
import { readFileSync } from "node:fs";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { buffer, text } from "node:stream/consumers";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { create } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { createClient, createServiceImplSpec } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Health, HealthCheckResponseSchema } from "../../gen/grpc/health/v1/health_pb.ts";
import { TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import { registerConnect } from "../../src/rpc/connect.ts";
import { rpcServices } from "../../src/rpc/services.ts";
import { ServerTls } from "../../src/wire/tls.ts";
import { FORM, listen, testGateway } from "./support.ts";

const pem = (name: string) => readFileSync(new URL(`../support/tls/${name}`, import.meta.url));
const ca = pem("cert.pem");
const trust = { ca, checkServerIdentity: () => undefined };

let context: ReturnType<typeof testGateway>;
let port: number;

beforeEach(async () => {
  context = testGateway({ tls: new ServerTls({ cert: ca, key: pem("key.pem") }), closeGrace: 1 });
  registerConnect(context.app, rpcServices(context.engine));
  port = await listen(context.app);
});
afterEach(async () => {
  vi.useRealTimers();
  await context.app.close();
  expect(context.logger.lines.filter(({ level }) => level !== "info")).toEqual([]);
});

async function openSession(): Promise<ClientHttp2Session> {
  const session = connect(`https://127.0.0.1:${port}`, trust);
  session.on("error", () => undefined);
  await once(session, "connect");
  return session;
}

/** What a session is answered to a request. */
async function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body = "") {
  const stream = session.request(headers);
  if (headers[":method"] === "POST") stream.end(body);
  const [[response], answer] = await Promise.all([once(stream, "response"), text(stream)]);
  return { status: response[":status"], headers: response, body: answer };
}

/** How a stream ends. */
function endOf(stream: ClientHttp2Stream): Promise<number> {
  stream.on("error", () => undefined).resume();
  return new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
}

const TOKEN = { ":method": "POST", ":path": "/connect/token", ...FORM };

describe("with TLS the gateway speaks HTTP/2", () => {
  test("to whoever offers it, and HTTP/1.1 to others", async () => {
    for (const [offered, chosen] of [
      [["h2", "http/1.1"], "h2"],
      [["http/1.1"], "http/1.1"],
      [undefined, false],
    ] as const) {
      const socket = connectTls({ port, host: "127.0.0.1", ...trust, ...(offered && { ALPNProtocols: [...offered] }) });
      await once(socket, "secureConnect");
      expect(socket.alpnProtocol).toBe(chosen);
      socket.destroy();
    }
  });

  test("with the same answers as over HTTP/1.1", async () => {
    const session = await openSession();
    const { engine } = context;
    const authorization = "Basic YTpi";
    expect(await ask(session, { ...TOKEN, authorization }, "grant_type=x")).toMatchObject({
      status: 200,
      headers: { "cache-control": "no-store", "content-type": "application/json; charset=utf-8" },
      body: '{"access_token":"at","token_type":"Bearer","expires_in":29}',
    });
    expect(engine.credentials).toEqual({ authorization });
    expect(await ask(session, { ":path": "/acme/.well-known/openid-configuration" })).toMatchObject({ status: 200 });
    expect(await ask(session, { ":path": "/connect/token" })).toMatchObject({
      status: 405,
      headers: { allow: "POST" },
    });
    expect(await ask(session, { ":path": "/nothing" })).toMatchObject({ status: 404 });
    expect(await ask(session, TOKEN, "x".repeat(70_000))).toMatchObject({ status: 413 });
    session.close();
  });

  test("for Connect and gRPC-Web too", async () => {
    const options = {
      baseUrl: `https://127.0.0.1:${port}`,
      httpVersion: "2",
      nodeOptions: trust,
    } as const;
    for (const transport of [
      createConnectTransport(options),
      createConnectTransport({ ...options, useBinaryFormat: false }),
      createGrpcWebTransport(options),
    ]) {
      const { mint } = createClient(TokenService, transport);
      expect(await mint({ grantType: "g" })).toMatchObject({ accessToken: "at" });
      expect(context.engine.request).toEqual({ grantType: "g" });
    }
  });

  test("but not for gRPC, which has a port of its own", async () => {
    const session = await openSession();
    const headers = {
      ":method": "POST",
      ":path": "/mintmark.v1.TokenService/Mint",
      "content-type": "application/grpc",
    };
    expect(await ask(session, headers)).toMatchObject({ status: 415 });
    session.close();
  });

  test("and refuses a request with two hosts", async () => {
    const session = await openSession();
    expect(await ask(session, { ":path": "/", ":authority": "a.example", host: "a.example" })).toMatchObject({
      status: 200,
    });
    expect(await ask(session, { ":path": "/", ":authority": "a.example", host: "b.example" })).toMatchObject({
      status: 400,
    });
    session.close();
  });
});

describe("a connection of HTTP/2 is bounded", () => {
  test("in the size of a header", async () => {
    const session = await openSession();
    await new Promise((resolve) => session.ping(resolve));
    const stream = session.request({ ":path": "/", "x-large": "x".repeat(17_000) });
    expect(await endOf(stream)).not.toBe(0);
    expect(session.remoteSettings).toMatchObject({ maxConcurrentStreams: 100, maxHeaderListSize: 16 * 1024 });
    session.close();
  });

  test("in the size of a header, though the client does not say that it knows", async () => {
    const response = await context.app.inject({ url: "/", headers: { "x-large": "x".repeat(17_000) } });
    expect(response.statusCode).toBe(431);
    expect(response.json()).toEqual({ error: "invalid_request", error_description: "The header is too large." });
  });

  test("in how long it waits for a first request, whatever else it sends", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const session = await openSession();
    await new Promise((resolve) => session.ping(resolve));
    vi.advanceTimersByTime(9_999);
    await new Promise((resolve) => session.ping(resolve));
    expect(session.closed).toBe(false);
    vi.advanceTimersByTime(1);
    await once(session, "close");
  });

  test("in how long it is idle between requests", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const session = await openSession();
    await ask(session, { ":path": "/" });
    vi.advanceTimersByTime(74_999);
    await ask(session, { ":path": "/" });
    vi.advanceTimersByTime(74_999);
    await new Promise((resolve) => session.ping(resolve));
    expect(session.closed).toBe(false);
    vi.advanceTimersByTime(1);
    await once(session, "close");
  });

  test("in how long a request takes to arrive", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const session = await openSession();
    const stream = session.request(TOKEN);
    stream.write("grant_type=");
    await new Promise((resolve) => session.ping(resolve));
    vi.advanceTimersByTime(30_000);
    expect(await endOf(stream)).not.toBe(0);
    expect(await ask(session, { ":path": "/" })).toMatchObject({ status: 200 });
    expect(context.engine.asked).toEqual([]);
    session.close();
  });

  test("in how long an answer takes", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const asked = Promise.withResolvers<void>();
    context.engine.answer = () => {
      asked.resolve();
      return new Promise(() => undefined);
    };
    const session = await openSession();
    const stream = session.request(TOKEN);
    stream.end("grant_type=x");
    await asked.promise;
    vi.advanceTimersByTime(30_000);
    expect(await endOf(stream)).not.toBe(0);
    session.close();
  });
});

describe("an answer that goes on, message by message", () => {
  const WATCH = {
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Watch",
    "content-type": "application/connect+proto",
  };

  /** Has the test's server answer Watch so, and calls it. */
  async function watch(answer: () => AsyncGenerator<object>) {
    const other = testGateway({ tls: new ServerTls({ cert: ca, key: pem("key.pem") }), closeGrace: 1 });
    const service = createServiceImplSpec<typeof Health>(Health, { watch: answer });
    registerConnect(other.app, [service]);
    port = await listen(other.app);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const session = await openSession();
    const stream = session.request(WATCH).end(Buffer.alloc(5));
    await once(stream, "response");
    return { session, stream, close: () => other.app.close() };
  }

  /** Lets a server look at its streams as often. */
  async function passHalfMinutes(count: number, session: ClientHttp2Session): Promise<void> {
    for (let n = 0; n < count; n++) {
      vi.advanceTimersByTime(30_000);
      await new Promise((resolve) => session.ping(resolve));
    }
  }

  test("may rest for longer than a request may take", async () => {
    const more = Promise.withResolvers<void>();
    const { session, stream, close } = await watch(async function* () {
      yield { status: 1 };
      await more.promise;
      yield { status: 2 };
    });
    await passHalfMinutes(10, session);
    more.resolve();
    const bytes = await buffer(stream);
    expect([bytes.subarray(0, 7), bytes.subarray(7, 14)]).toEqual([
      Buffer.from([0, 0, 0, 0, 2, 8, 1]),
      Buffer.from([0, 0, 0, 0, 2, 8, 2]),
    ]);
    session.close();
    await close();
  });

  test("is ended if nobody reads it", async () => {
    const large = create(HealthCheckResponseSchema);
    large.$unknown = [{ no: 99, wireType: WireType.LengthDelimited, data: new Uint8Array(60_000) }];
    const { session, stream, close } = await watch(async function* () {
      for (;;) yield large;
    });
    const ended = once(stream, "close");
    await passHalfMinutes(4, session);
    await ended;
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    session.close();
    await close();
  });
});

describe("a request that is cut off is none", () => {
  const RPC = { ":method": "POST", ":path": "/mintmark.v1.TokenService/Mint", "content-type": "application/proto" };

  test.each([
    ["a form, by its client", TOKEN, (stream: ClientHttp2Stream) => stream.destroy()],
    ["a form, by the network", TOKEN, (_: ClientHttp2Stream, session: ClientHttp2Session) => session.destroy()],
    ["a message, by its client", RPC, (stream: ClientHttp2Stream) => stream.destroy()],
    ["a message, by the network", RPC, (_: ClientHttp2Stream, session: ClientHttp2Session) => session.destroy()],
  ])("%s", async (_, headers, cut) => {
    const session = await openSession();
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    context.app.server.once("stream", (received: ServerHttp2Stream) => received.once("close", resolve));
    const stream = session.request(headers).on("error", () => undefined);
    // Half of the form, or of the message, is one that is complete in itself.
    stream.write(headers === TOKEN ? "grant_type=x" : Buffer.from([0x12, 1, 0x78]));
    await new Promise((done) => session.ping(done));
    cut(stream as ClientHttp2Stream, session);
    await closed;
    await new Promise(setImmediate);
    session.destroy();

    const other = await openSession();
    expect(await ask(other, { ":path": "/" })).toMatchObject({ status: 200 });
    other.close();
    expect(context.engine.asked).toEqual([]);
    expect(context.logger.lines).toEqual([]);
  });
});

describe("a connection of HTTP/1.1 beside it is bounded as without TLS", () => {
  test("in time", () => {
    const { headersTimeout, requestTimeout, keepAliveTimeout } = context.app.server;
    expect({ headersTimeout, requestTimeout, keepAliveTimeout }).toEqual({
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 75_000,
    });
  });

  test("in size, and is answered when what it sends is not HTTP", async () => {
    const send = async (request: string) => {
      const socket: TLSSocket = connectTls({ port, host: "127.0.0.1", ...trust });
      socket.on("error", () => undefined);
      socket.write(request);
      return text(socket);
    };
    expect(await send(`GET / HTTP/1.1\r\nhost: x\r\nx: ${"x".repeat(17_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    expect(await send("nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n.*"invalid_request"/s);
    expect(await send("GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("closing", () => {
  test("answers what is in flight first, and lets idle connections go", async () => {
    const patient = testGateway({ tls: new ServerTls({ cert: ca, key: pem("key.pem") }), closeGrace: 3_600_000 });
    port = await listen(patient.app);
    const { promise, resolve } = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    patient.engine.answer = async () => {
      asked.resolve();
      await promise;
      return { accessToken: "late", tokenType: "Bearer", expiresIn: 1, scopes: [] };
    };
    const [session, idle] = [await openSession(), await openSession()];
    const answer = ask(session, TOKEN, "grant_type=x");
    await asked.promise;
    const closed = patient.app.close();
    // Whoever has a request in flight is told to send no more (GOAWAY, RFC 9113 section 6.8).
    await Promise.all([once(session, "goaway"), once(idle, "close")]);
    const ended = once(session, "close");
    resolve();
    expect(await answer).toMatchObject({ status: 200, body: expect.stringContaining("late") });
    await Promise.all([closed, ended]);
  });

  test("waits no longer than it was given, over HTTP/2 and over HTTP/1.1", async () => {
    let asked = 0;
    const both = Promise.withResolvers<void>();
    context.engine.answer = () => {
      asked++;
      if (asked === 2) both.resolve();
      return new Promise(() => undefined);
    };
    const session = await openSession();
    const ended = endOf(session.request(TOKEN).end("grant_type=x") as ClientHttp2Stream);
    const socket = connectTls({ port, host: "127.0.0.1", ...trust });
    socket.on("error", () => undefined);
    socket.write(
      `POST /connect/token HTTP/1.1\r\nhost: x\r\ncontent-type: ${FORM["content-type"]}\r\ncontent-length: 1\r\n\r\na`,
    );
    await both.promise;
    await context.app.close();
    await Promise.all([ended, once(socket, "close")]);
  });
});
