import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect as openSession } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import {
  Code,
  ConnectError,
  createClient,
  createServiceImplSpec,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from "../../gen/grpc/health/v1/health_pb.ts";
import {
  ServerReflection,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { OAuthError } from "../../src/engine/errors.ts";
import { callerIn } from "../../src/rpc/arrivals.ts";
import { refusalOf, startServers } from "./support.ts";

const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus;
const WATCH = "/grpc.health.v1.Health/Watch";
const REFLECT = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

let servers: Awaited<ReturnType<typeof startServers>>;
afterEach(() => servers.close());

/** Serves what a test wants of a server stream, and of a bidirectional one. */
async function serve(watch: ServiceImpl<typeof Health>["watch"], reflect?: ServiceImpl<typeof ServerReflection>) {
  servers = await startServers([
    createServiceImplSpec<typeof Health>(Health, { watch, check: () => ({ status: SERVING }) }),
    createServiceImplSpec<typeof ServerReflection>(ServerReflection, reflect ?? {}),
  ]);
  return servers;
}

interface Options {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly headers?: Record<string, string>;
  readonly onHeader?: (get: (name: string) => string | null) => void;
  readonly onTrailer?: (get: (name: string) => string | null) => void;
}

/** Calls Watch. */
type Watch = (servers: { url: string; address: string }, options?: Options) => AsyncIterable<{ status: number }>;

const asIs = (bytes: Buffer) => bytes;
const getter = (metadata: grpc.Metadata) => (name: string) => String(metadata.get(name)[0] ?? "") || null;

/** By grpc-js. */
async function* watchByGrpc(
  { address }: { address: string },
  { timeoutMs, signal, headers = {}, onHeader, onTrailer }: Options = {},
) {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const deadline = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
  const request = Buffer.from(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema)));
  const call = client.makeServerStreamRequest(WATCH, asIs, asIs, request, metadata, deadline);
  signal?.addEventListener("abort", () => call.cancel());
  call.on("metadata", (header) => onHeader?.(getter(header)));
  call.on("status", (status) => onTrailer?.(getter(status.metadata)));
  try {
    for await (const bytes of call) yield fromBinary(HealthCheckResponseSchema, bytes);
  } finally {
    client.close();
  }
}

function watchByHttp(transport: (baseUrl: string) => Parameters<typeof createClient>[1]): Watch {
  return ({ url }, { onHeader, onTrailer, ...options } = {}) =>
    createClient(Health, transport(url)).watch(
      {},
      {
        ...options,
        ...(onHeader && { onHeader: (header: Headers) => onHeader((name) => header.get(name)) }),
        ...(onTrailer && { onTrailer: (trailer: Headers) => onTrailer((name) => trailer.get(name)) }),
      },
    );
}

const watches: Readonly<Record<string, Watch>> = {
  gRPC: watchByGrpc,
  Connect: watchByHttp((baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })),
  "Connect with JSON": watchByHttp((baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
  ),
  "gRPC-Web": watchByHttp((baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })),
};

async function collect(messages: AsyncIterable<{ status: number }>): Promise<number[]> {
  const statuses: number[] = [];
  for await (const { status } of messages) statuses.push(status);
  return statuses;
}

/** Never resolves, and does not look at any signal. */
const never = () => new Promise<never>(() => {});

describe.each(Object.entries(watches))("a stream over %s", (_, watch) => {
  test("gives its messages, header and trailer, and knows who calls", async () => {
    const seen: Record<string, string | null> = {};
    await serve(async function* (_request, context) {
      seen.caller = callerIn(context).authorization ?? null;
      context.responseHeader.set("x-header", "h");
      yield { status: SERVING };
      context.responseTrailer.set("x-trailer", "t");
      yield { status: NOT_SERVING };
    });
    const messages = watch(servers, {
      headers: { authorization: "Basic YTpi", "x-request-id": "stream-1" },
      onHeader: (get) => Object.assign(seen, { header: get("x-header"), id: get("x-request-id") }),
      onTrailer: (get) => Object.assign(seen, { trailer: get("x-trailer") }),
    });
    expect(await collect(messages)).toEqual([SERVING, NOT_SERVING]);
    expect(seen).toEqual({ caller: "Basic YTpi", header: "h", id: "stream-1", trailer: "t" });
  });

  test("may end without a message", async () => {
    await serve(async function* () {});
    expect(await collect(watch(servers))).toEqual([]);
  });

  test("that fails after its first message ends with the refusal, whose cause is in the log alone", async () => {
    const errors = [new OAuthError("temporarily_unavailable", "Try again."), new Error("a cause")];
    await serve(async function* () {
      yield { status: SERVING };
      throw errors.shift();
    });
    const got: number[] = [];
    const attempt = async () => {
      for await (const { status } of watch(servers)) got.push(status);
    };
    expect(await refusalOf(attempt())).toMatchObject({
      code: "Unavailable",
      details: [{ error: "temporarily_unavailable", errorDescription: "Try again." }],
    });
    const unforeseen = await refusalOf(attempt());
    expect(unforeseen).toMatchObject({ code: "Internal", details: [{ error: "server_error" }] });
    expect(unforeseen.message).not.toContain("a cause");
    expect(got).toEqual([SERVING, SERVING]);
    expect(servers.logger.lines.filter(({ message }) => message === "an operation failed")).toHaveLength(1);
  });

  test.each([true, false])("that fails has its header and trailer, too, a message first: %s", async (isLate) => {
    const seen: Record<string, string | null> = {};
    await serve(async function* (_request, context) {
      context.responseHeader.set("x-header", "h");
      context.responseTrailer.set("x-trailer", "t");
      if (isLate) yield { status: SERVING };
      throw new ConnectError("No.", Code.Aborted);
    });
    const messages = watch(servers, {
      onHeader: (get) => Object.assign(seen, { header: get("x-header") }),
      onTrailer: (get) => Object.assign(seen, { trailer: get("x-trailer") }),
    });
    const error: unknown = await collect(messages).catch((reason: unknown) => reason);
    // Connect's clients have the trailer with the error.
    const trailer = error instanceof ConnectError ? error.metadata.get("x-trailer") : seen.trailer;
    expect([seen.header, trailer]).toEqual(["h", "t"]);
  });

  test("leaves an implementation's own status as it is", async () => {
    await serve(async function* () {
      yield* [];
      throw new ConnectError("Slower.", Code.ResourceExhausted);
    });
    const refusal = await refusalOf(collect(watch(servers)));
    expect(refusal).toMatchObject({ code: "ResourceExhausted", message: "Slower.", details: [] });
  });

  test("ends at its deadline, though its implementation does not look at it", async () => {
    const aborted = Promise.withResolvers<void>();
    await serve(async function* (_request, { signal }) {
      signal.addEventListener("abort", () => aborted.resolve());
      yield { status: SERVING };
      await never();
    });
    expect((await refusalOf(collect(watch(servers, { timeoutMs: 300 })))).code).toBe("DeadlineExceeded");
    await aborted.promise;
  });

  test("ends for its implementation when the client goes away", async () => {
    const ended = Promise.withResolvers<HandlerContext>();
    await serve(async function* (_request, context) {
      try {
        yield { status: SERVING };
        await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      } finally {
        ended.resolve(context);
      }
    });
    const leaving = new AbortController();
    const messages = watch(servers, { signal: leaving.signal });
    const refused = refusalOf(
      (async () => {
        for await (const _message of messages) leaving.abort();
      })(),
    );
    expect((await ended.promise).signal.aborted).toBe(true);
    expect((await refused).code).toBe("Canceled");
  });

  test("is ended by a server that stops, which waits for no grace", async () => {
    await serve(async function* () {
      yield { status: SERVING };
      await never();
    });
    const begun = Promise.withResolvers<void>();
    const refused = refusalOf(
      (async () => {
        for await (const _message of watch(servers)) begun.resolve();
      })(),
    );
    await begun.promise;
    await Promise.all([servers.app.close(), servers.server.close(60_000)]);
    expect(await refused).toMatchObject({
      code: "Unavailable",
      details: [{ error: "temporarily_unavailable", errorDescription: "The server is stopping. Try again." }],
    });
    expect(servers.logger.lines).toEqual([]);
  });
});

describe("a client that does not read", () => {
  const MESSAGES = 400;
  const MOST = 200;
  const SIZE = 60_000;
  const LARGE = create(HealthCheckResponseSchema);
  LARGE.$unknown = [{ no: 99, wireType: WireType.LengthDelimited, data: new Uint8Array(SIZE + 2) }];

  async function endless() {
    const counts = { made: 0 };
    await serve(async function* () {
      for (; counts.made < MESSAGES; counts.made++) yield LARGE;
    });
    return counts;
  }

  async function sizeOf(body: AsyncIterable<Buffer>): Promise<number> {
    let size = 0;
    for await (const chunk of body) size += chunk.length;
    return size;
  }

  /** Gives the server more turns than it would need to make all messages. */
  async function letServerWork(): Promise<void> {
    const health = createClient(Health, createConnectTransport({ baseUrl: servers.url, httpVersion: "1.1" }));
    for (let n = 0; n < 10; n++) await health.check({});
    for (let n = 0; n < MESSAGES; n++) await new Promise(setImmediate);
  }

  test("has the implementation wait, over gRPC, and gets all once it reads", async () => {
    const counts = await endless();
    const session = openSession(`http://${servers.address}`);
    const headers = { ":method": "POST", ":path": WATCH, "content-type": "application/grpc", te: "trailers" };
    const call = session.request(headers).end(Buffer.alloc(5));
    await once(call, "response");
    await letServerWork();
    expect(counts.made).toBeLessThan(MOST);
    expect(await sizeOf(call)).toBeGreaterThan(MESSAGES * SIZE);
    session.close();
  });

  test("has the implementation wait, over HTTP", async () => {
    const counts = await endless();
    const headers = { "content-type": "application/connect+proto" };
    const call = httpRequest(servers.url + WATCH, { method: "POST", headers }).end(Buffer.alloc(5));
    const [response] = (await once(call, "response")) as [IncomingMessage];
    await letServerWork();
    expect(counts.made).toBeLessThan(MOST);
    expect(await sizeOf(response)).toBeGreaterThan(MESSAGES * SIZE);
  });
});

describe("a stream in both directions over gRPC", () => {
  const ask = (host: string) =>
    Buffer.from(toBinary(ServerReflectionRequestSchema, create(ServerReflectionRequestSchema, { host })));

  function open() {
    const client = new grpc.Client(servers.address, grpc.credentials.createInsecure());
    const call = client.makeBidiStreamRequest(REFLECT, asIs, asIs);
    const next = async () =>
      fromBinary(
        ServerReflectionResponseSchema,
        await new Promise<Buffer>((resolve, reject) => call.once("data", resolve).once("error", reject)),
      );
    return { call, next, close: () => client.close() };
  }

  test("answers one message before the next is sent", async () => {
    await serve(async function* () {}, {
      async *serverReflectionInfo(requests) {
        for await (const { host } of requests) yield { validHost: host };
      },
    });
    const { call, next, close } = open();
    for (const host of ["a", "b"]) {
      call.write(ask(host));
      expect((await next()).validHost).toBe(host);
    }
    call.end();
    const status = new Promise<grpc.StatusObject>((resolve) => call.on("status", resolve));
    call.resume();
    expect((await status).code).toBe(grpc.status.OK);
    close();
  });

  test("may be answered before the client has ended", async () => {
    await serve(async function* () {}, {
      async *serverReflectionInfo(requests) {
        for await (const { host } of requests) {
          yield { validHost: host };
          return;
        }
      },
    });
    const { call, close } = open();
    call.write(ask("a"));
    const got: Buffer[] = [];
    call.on("data", (bytes) => got.push(bytes));
    const status = await new Promise<grpc.StatusObject>((resolve) => call.on("status", resolve));
    expect([status.code, got.length]).toEqual([grpc.status.OK, 1]);
    close();
  });

  test("with a message that cannot be read is the caller's fault", async () => {
    await serve(async function* () {}, {
      async *serverReflectionInfo(requests) {
        for await (const { host } of requests) yield { validHost: host };
      },
    });
    const { call, next, close } = open();
    call.write(Buffer.from([0x0a, 0xff]));
    expect(await refusalOf(next())).toMatchObject({ code: "InvalidArgument", details: [{ error: "invalid_request" }] });
    expect(servers.logger.lines).toMatchObject([{ fields: { event: "refused", operation: "serverReflectionInfo" } }]);
    close();
  });
});

test("a stream in both directions needs HTTP/2", async () => {
  await serve(async function* () {});
  const headers = { "content-type": "application/connect+proto" };
  const response = await fetch(servers.url + REFLECT, { method: "POST", headers });
  expect(response.status).toBe(505);
  expect(await response.json()).toMatchObject({
    code: "unimplemented",
    message: "An RPC that streams in both directions needs HTTP/2.",
    details: [{ type: "mintmark.v1.OAuthErrorDetail" }],
  });
});

describe("a request of a server stream that is not one message", () => {
  test.each([0, 2])("is refused over gRPC: %i", async (count) => {
    await serve(async function* () {
      yield { status: SERVING };
    });
    const client = new grpc.Client(servers.address, grpc.credentials.createInsecure());
    const call = client.makeBidiStreamRequest(WATCH, asIs, asIs);
    for (let n = 0; n < count; n++) call.write(Buffer.alloc(0));
    call.end();
    const failed = new Promise((_resolve, reject) => call.resume().on("error", reject));
    expect(await refusalOf(failed)).toMatchObject({
      code: "Unimplemented",
      message: "The request cannot be read: it must be exactly one message.",
      details: [],
    });
    client.close();
  });
});
