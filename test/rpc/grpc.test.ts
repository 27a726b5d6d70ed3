import { once } from "node:events";
import { readFileSync } from "node:fs";
import { constants, connect as openSession } from "node:http2";
import { connect as openSocket } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createServiceImplSpec, type HandlerContext } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { OAuthErrorDetailSchema } from "../../gen/mintmark/v1/error_pb.ts";
import { MintRequestSchema, TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import { createGrpcServer } from "../../src/rpc/grpc.ts";
import { ServerTls } from "../../src/wire/tls.ts";
import { FakeEngine } from "../support/fake-engine.ts";
import { listenerOf, recordingLogger } from "../support/logger.ts";
import { deepStruct, MINT, refusalOf, sendBytes, startDoors, stockClient } from "./support.ts";

const engine = new FakeEngine();
let doors: Awaited<ReturnType<typeof startDoors>>;

beforeAll(async () => {
  doors = await startDoors(engine);
});
afterAll(() => doors.close());

type Mint = (context: HandlerContext) => Promise<object>;

/** A server whose Mint does what a test wants, and a stock client of it. */
async function serve(mint: Mint) {
  const service = createServiceImplSpec<typeof TokenService>(TokenService, { mint: (_, context) => mint(context) });
  const server = createGrpcServer({ services: [service], listener: listenerOf(recordingLogger()) });
  const address = `127.0.0.1:${await server.listen("127.0.0.1", 0)}`;
  const stock = stockClient(address);
  onTestFinished(async () => {
    stock.close();
    await server.close(0);
  });
  return { server, address, stock };
}

/** Resolves to why a call was aborted. */
function abortOf({ signal }: HandlerContext): Promise<unknown> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));
}

describe("a server", () => {
  const HEADERS = { ":method": "POST", ":path": "/mintmark.v1.TokenService/Mint", "content-type": "application/grpc" };

  /** A server of those bounds. */
  async function bounded(bounds: { maxConnections?: number; messageTimeout?: number }) {
    const service = createServiceImplSpec<typeof TokenService>(TokenService, { mint: async () => ({}) });
    const all = { maxConnections: 10, messageTimeout: 60_000, ...bounds };
    const server = createGrpcServer({ services: [service], listener: listenerOf(recordingLogger()), bounds: all });
    onTestFinished(() => server.close(0));
    return { url: `http://127.0.0.1:${await server.listen("127.0.0.1", 0)}` };
  }

  test.each([
    ["nothing of its message", []],
    ["half of its message", [0, 0, 0, 0, 9, 1]],
    ["its whole message, and no end", [0, 0, 0, 0, 0]],
  ])("resets a call of which there came %s for too long", async (_, bytes) => {
    const { url } = await bounded({ messageTimeout: 50 });
    const session = openSession(url);
    const stream = session.request({ ...HEADERS, te: "trailers" });
    stream.on("error", () => undefined).resume();
    if (bytes.length > 0) stream.write(Buffer.from(bytes));
    await once(stream, "close");
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    session.destroy();
  });

  test("closes a connection over as many as it takes, and takes one again once another is gone", async () => {
    const { url } = await bounded({ maxConnections: 2 });
    const call = async () => {
      const session = openSession(url).on("error", () => undefined);
      const stream = session.request({ ...HEADERS, te: "trailers" }).on("error", () => undefined);
      stream.resume().end(Buffer.alloc(5));
      const [status] = (await Promise.race([once(stream, "response"), once(session, "close")])) as [object?];
      return { session, isServed: status !== undefined };
    };
    const first = await call();
    const second = await call();
    expect([first.isServed, second.isServed, (await call()).isServed]).toEqual([true, true, false]);
    first.session.destroy();
    await vi.waitUntil(async () => (await call()).isServed);
    second.session.destroy();
  });
});

/** What the RPC port refuses a call of those headers and bytes with. */
async function raw(headers: Record<string, string>, bytes = Buffer.alloc(5), address = doors.address) {
  const session = openSession(`http://${address}`);
  const defaults = { ":method": "POST", ":path": MINT, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request({ ...defaults, ...headers }).on("error", () => {});
  const sent: Record<string, string> = {};
  for (const event of ["response", "trailers"]) stream.on(event, (fields) => Object.assign(sent, fields));
  stream.resume().end(bytes);
  await once(stream, "close");
  session.close();
  const fields = Object.entries(sent).filter(([name]) => !name.startsWith(":"));
  const error = findTrailerError(new Headers(fields));
  return { code: error?.code, message: error?.rawMessage ?? "", details: error?.findDetails(OAuthErrorDetailSchema) };
}

const invalidRequest = (errorDescription: string) => ({
  message: errorDescription,
  details: [{ error: "invalid_request", errorDescription }],
});

describe("a message", () => {
  test("may be 64 KiB, and no more", async () => {
    const sized = (bytes: number) =>
      toBinary(MintRequestSchema, create(MintRequestSchema, { subject: "x".repeat(bytes - 4) }));
    expect(await sendBytes(doors.address, sized(65_536))).not.toHaveLength(0);
    expect(await refusalOf(sendBytes(doors.address, sized(65_537)))).toMatchObject({
      code: "ResourceExhausted",
      details: [{ error: "invalid_request", errorDescription: "The body is too large." }],
    });
  });

  test("may be compressed, and inflates to 64 KiB and no more", async () => {
    const options = { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip };
    const stock = stockClient(doors.address, "TokenService", grpc.credentials.createInsecure(), options);
    expect(await stock.call("Mint", { subject: "x".repeat(5000) })).toMatchObject({ accessToken: "at" });
    expect(engine.request).toEqual({ subject: "x".repeat(5000) });
    expect((await refusalOf(stock.call("Mint", { subject: "x".repeat(20_000_000) }))).code).toBe("ResourceExhausted");
    stock.close();
  });

  test.each([
    ["cut short", Buffer.from([0x0a, 0xff])],
    ["of wrong field numbers", Buffer.from([0x00, 0x00])],
    ["of text that is not UTF-8", Buffer.from([0x1a, 0x01, 0xff])],
    ["nested too deeply", deepStruct(2_000)],
  ])("%s is the caller's fault", async (_, bytes) => {
    const refusal = await refusalOf(sendBytes(doors.address, bytes));
    expect(refusal.code).toBe("InvalidArgument");
    expect(refusal.message).toMatch(/^The request cannot be read: /);
    expect(refusal.details).toEqual([{ error: "invalid_request", errorDescription: refusal.message }]);
  });

  test("may be nested as deeply as in JSON", async () => {
    expect(await sendBytes(doors.address, deepStruct(98))).not.toHaveLength(0);
  });

  test.each(["/", "/mintmark.v1.TokenService/", `${MINT}%0d%0a`, "/\u00ff", "/mintmark.v1.TokenService/Mince"])(
    "to no RPC that there is is told so, and does no harm: %s",
    async (path) => {
      const refusal = { code: Code.Unimplemented, message: "There is no such RPC.", details: [] };
      expect(await raw({ ":path": path })).toEqual(refusal);
      expect(await sendBytes(doors.address, Buffer.alloc(0))).not.toHaveLength(0);
    },
  );

  test("of a stream to an unknown RPC is refused before its first message", async () => {
    const asIs = (value: Buffer) => value;
    const client = new grpc.Client(doors.address, grpc.credentials.createInsecure());
    const call = client.makeBidiStreamRequest("/mintmark.v1.TokenService/Watch", asIs, asIs);
    const refused = new Promise((_, reject) => call.on("error", reject)).finally(() => client.close());
    expect(await refusalOf(refused)).toMatchObject({
      code: "Unimplemented",
      message: "There is no such RPC.",
      details: [],
    });
  });

  test.each([
    ["compressed and malformed", { "grpc-encoding": "gzip" }, Code.InvalidArgument, /compression is malformed/],
    ["of a malformed deadline", { "grpc-timeout": "soon" }, Code.InvalidArgument, /grpc-timeout/],
  ])("%s is refused with its details", async (_, headers, code, words) => {
    const refusal = await raw(headers, Buffer.from([1, 0, 0, 0, 2, 7, 7]));
    expect(refusal).toMatchObject({ code, ...invalidRequest(refusal.message) });
    expect(refusal.message).toMatch(words);
  });

  test("in no compression that it has is refused, as gRPC says", async () => {
    expect(await raw({ "grpc-encoding": "br" }, Buffer.from([1, 0, 0, 0, 2, 7, 7]))).toEqual({
      code: Code.Unimplemented,
      message: "The compression is not supported: send gzip, or none.",
      details: [],
    });
  });

  test("whose deadline passes is told so", async () => {
    const { address } = await serve(() => new Promise(() => {}));
    const refusal = await raw({ "grpc-timeout": "20m" }, Buffer.alloc(5), address);
    expect(refusal).toMatchObject({ code: Code.DeadlineExceeded, message: "The call's deadline has passed." });
  });
});

describe("metadata", () => {
  test("goes in and comes out, binary too", async () => {
    const bytes = Buffer.from([0, 255, 44, 61]);
    const { stock } = await serve(async (context) => {
      for (const [key, value] of context.requestHeader) {
        if (key.startsWith("x-")) context.responseHeader.set(key, value);
        if (key.startsWith("x-")) context.responseTrailer.append(key, value);
      }
      return {};
    });
    const metadata = new grpc.Metadata();
    metadata.set("x-text", "a, b");
    metadata.add("x-data-bin", bytes);
    metadata.add("x-data-bin", Buffer.from("second"));

    const received = await new Promise<grpc.Metadata[]>((resolve, reject) => {
      const seen: grpc.Metadata[] = [];
      const asIs = (value: Buffer) => value;
      stock.client
        .makeUnaryRequest(MINT, asIs, asIs, Buffer.alloc(0), metadata, (error) => error && reject(error))
        .on("metadata", (header) => seen.push(header))
        .on("status", (status) => resolve([...seen, status.metadata]));
    });
    expect(received).toHaveLength(2);
    for (const got of received) {
      expect(got.get("x-text")).toEqual(["a, b"]);
      expect(got.get("x-data-bin")).toEqual([bytes, Buffer.from("second")]);
    }
  });

  test("that is not ASCII is malformed for the engine, and is not on the console", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const session = openSession(`http://${doors.address}`);
    const stream = session.request({
      ":method": "POST",
      ":path": MINT,
      "content-type": "application/grpc",
      te: "trailers",
      authorization: "Basic hunter2\u00ff",
    });
    stream.end(Buffer.alloc(5));
    await new Promise((resolve) => stream.resume().on("close", resolve));
    session.close();
    expect(engine.asked.at(-1)?.credentials.authorization).toBe("Basic hunter2\u00ff");
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  test("is bounded", async () => {
    const asked = engine.asked.length;
    const large = new grpc.Metadata();
    large.set("x-large", "x".repeat(200_000));
    await expect(sendBytes(doors.address, Buffer.alloc(0), large)).rejects.toThrow();
    const many = new grpc.Metadata();
    for (let n = 0; n < 200; n++) many.set(`x-${n}`, "");
    await expect(sendBytes(doors.address, Buffer.alloc(0), many)).rejects.toThrow();
    expect(engine.asked).toHaveLength(asked);
  });
});

describe("a call", () => {
  test("that its caller cancels is aborted", async () => {
    const started = Promise.withResolvers<HandlerContext>();
    const { stock } = await serve((context) => {
      started.resolve(context);
      return new Promise(() => {});
    });
    const asIs = (value: Buffer) => value;
    const call = stock.client.makeUnaryRequest(MINT, asIs, asIs, Buffer.alloc(0), () => {});
    const context = await started.promise;
    expect(context.signal.aborted).toBe(false);
    const aborted = abortOf(context);
    call.cancel();
    expect(await aborted).toMatchObject({ code: Code.Canceled });
  });

  test("ends at its deadline", async () => {
    const aborted = Promise.withResolvers<unknown>();
    const { stock } = await serve(async (context) => {
      expect(context.timeoutMs()).toBeLessThanOrEqual(500);
      aborted.resolve(await abortOf(context));
      throw context.signal.reason;
    });
    // A call whose deadline passes before it is connected reaches no server.
    await promisify(stock.client.waitForReady.bind(stock.client))(Date.now() + 10_000);
    const refusal = await refusalOf(stock.call("mint", {}, undefined, { deadline: Date.now() + 500 }));
    expect(refusal.code).toBe("DeadlineExceeded");
    expect(await aborted.promise).toBeInstanceOf(ConnectError);
  });

  test("knows the method, the protocol, and that there is no deadline", async () => {
    const seen: HandlerContext[] = [];
    const { address, stock } = await serve(async (context) => {
      seen.push(context);
      return {};
    });
    await stock.call("mint", {});
    expect(seen[0]).toMatchObject({
      method: TokenService.method.mint,
      service: TokenService,
      protocolName: "grpc",
      url: `http://${address}${MINT}`,
    });
    expect(seen[0]?.timeoutMs()).toBeUndefined();
  });
});

describe("the server", () => {
  const fixture = (name: string) => readFileSync(fileURLToPath(import.meta.resolve(`../support/tls/${name}`)));

  test("speaks TLS with a certificate, and nothing else then", async () => {
    const cert = fixture("cert.pem");
    const secure = await startDoors(engine, new ServerTls({ cert, key: fixture("key.pem") }));
    const named = secure.address.replace("127.0.0.1", "localhost");
    const stock = stockClient(named, "TokenService", grpc.credentials.createSsl(cert));
    expect(await stock.call("mint", {})).toMatchObject({ accessToken: "at" });
    stock.close();
    expect((await refusalOf(sendBytes(secure.address, Buffer.alloc(0)))).code).toBe("Unavailable");
    await secure.close();
  });

  test.each(["application/json", "application/proto"])(
    "does not speak what only the gateway does: %s",
    async (type) => {
      const session = openSession(`http://${doors.address}`);
      const stream = session.request({ ":method": "POST", ":path": MINT, "content-type": type });
      stream.end("{}");
      const [headers] = await once(stream, "response");
      expect(headers[":status"]).toBe(415);
      stream.close();
      session.close();
    },
  );

  test("says when its address is taken", async () => {
    const other = createGrpcServer({ services: [], listener: listenerOf(recordingLogger()) });
    const port = Number(doors.address.split(":")[1]);
    await expect(other.listen("127.0.0.1", port)).rejects.toThrow("EADDRINUSE");
    await other.close(0);
  });

  test("finishes calls in flight before it closes, and accepts none", async () => {
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const { server, address, stock } = await serve(async () => {
      started.resolve();
      await finish.promise;
      return { accessToken: "late" };
    });
    const session = openSession(`http://${address}`);
    await once(session, "connect");
    const answer = stock.call("mint", {});
    await started.promise;
    const closed = server.close(3_600_000);
    // GOAWAY, RFC 9113 section 6.8.
    await once(session, "goaway");
    expect((await refusalOf(sendBytes(address, Buffer.alloc(0)))).code).toBe("Unavailable");
    finish.resolve();
    expect(await answer).toMatchObject({ accessToken: "late" });
    await closed;
  });

  test("ends calls in flight after the grace", async () => {
    const started = Promise.withResolvers<HandlerContext>();
    const { server, stock } = await serve((context) => {
      started.resolve(context);
      return new Promise(() => {});
    });
    const answer = refusalOf(stock.call("mint", {}));
    const aborted = abortOf(await started.promise);
    await server.close(20);
    expect(["Unavailable", "Canceled"]).toContain((await answer).code);
    await aborted;
  });

  test("closes at once when only idle connections are left", async () => {
    const { server, stock } = await serve(async () => ({}));
    await stock.call("mint", {});
    await server.close(3_600_000);
  });
});

/** A frame of HTTP/2 (RFC 9113 section 4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A field of a header, literally (RFC 7541 section 6.2.2): clients refuse to send some twice. */
function field(name: string, value: string): Buffer {
  const text = (part: string) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)]);
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

test("two authorization fields are one that is malformed", async () => {
  const fields = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", MINT],
    [":authority", "x"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ["authorization", "Basic YTph"],
    ["authorization", "Basic YjpiOg"],
  ].map(([name = "", value = ""]) => field(name, value));
  const socket = openSocket(Number(doors.address.split(":")[1]), "127.0.0.1");
  const asked = engine.asked.length;
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(Buffer.concat([frame(4, 0, 0, Buffer.alloc(0)), frame(1, 4, 1, Buffer.concat(fields))]));
  socket.write(frame(0, 1, 1, Buffer.alloc(5)));
  await vi.waitUntil(() => engine.asked.length > asked);
  socket.destroy();
  expect(engine.asked.at(-1)?.credentials.authorization).toBe("Basic YTph, Basic YjpiOg");
});
