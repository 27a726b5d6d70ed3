import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type ServiceImplSpec } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { compressionGzip, createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { OAuthErrorDetailSchema } from "../../gen/mintmark/v1/error_pb.ts";
import { TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import type { Engine, InstanceEngine } from "../../src/engine/port.ts";
import { createHttpServer } from "../../src/http/gateway.ts";
import { registerConnect } from "../../src/rpc/connect.ts";
import { createGrpcServer } from "../../src/rpc/grpc.ts";
import { rpcServices } from "../../src/rpc/services.ts";
import type { Watcher } from "../../src/telemetry/watcher.ts";
import type { ServerTls } from "../../src/wire/tls.ts";
import { listenerOf, recordingLogger } from "../support/logger.ts";

/** Both servers over one engine, whose part for the mint as a whole may be missing, on free ports of the loopback interface. */
export function startDoors(engine: Engine | Pick<Engine, "forTenant">, tls?: ServerTls) {
  const whole = "instance" in engine ? engine : { forTenant: engine.forTenant, instance: {} as InstanceEngine };
  return startServers(rpcServices(whole), tls);
}

/** Both servers over some services, on free ports of the loopback interface. */
export async function startServers(services: readonly ServiceImplSpec[], tls?: ServerTls, watcher?: Watcher) {
  const logger = recordingLogger();
  const listener = listenerOf(logger);
  const app = createHttpServer({ listener, watcher });
  registerConnect(app, services);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const server = createGrpcServer({ services, listener, watcher, tls });
  const port = await server.listen("127.0.0.1", 0);
  const close = async () => {
    await Promise.all([app.close(), server.close(0)]);
  };
  return { url, address: `127.0.0.1:${port}`, app, server, logger, close };
}

const definition = loadSync(["mintmark/v1/token_service.proto", "mintmark/v1/key_service.proto"], {
  includeDirs: ["proto"],
  longs: Number,
  defaults: true,
});
// biome-ignore lint/suspicious/noExplicitAny: what a stock client is given has no types
const stubs = (grpc.loadPackageDefinition(definition) as any).mintmark.v1;

/** A stock gRPC client, which knows the .proto files and nothing of our code. */
export function stockClient(
  address: string,
  service = "TokenService",
  credentials = grpc.credentials.createInsecure(),
  options: grpc.ChannelOptions = {},
) {
  const client: grpc.Client = new stubs[service](address, credentials, options);
  const call = (method: string, request: object, metadata = new grpc.Metadata(), options: grpc.CallOptions = {}) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const unary = client[method as keyof grpc.Client] as (...args: unknown[]) => grpc.ClientUnaryCall;
      unary.call(
        client,
        request,
        metadata,
        options,
        (error: grpc.ServiceError | null, response: Record<string, unknown>) =>
          error === null ? resolve(response) : reject(error),
      );
    });
  return { client, call, close: () => client.close() };
}

/** Sends bytes to an RPC as they are. */
export function sendBytes(address: string, bytes: Uint8Array, metadata = new grpc.Metadata()): Promise<Buffer> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const asIs = (value: Buffer) => value;
  return new Promise<Buffer>((resolve, reject) => {
    const done = (error: grpc.ServiceError | null, response?: Buffer) =>
      error === null ? resolve(response ?? Buffer.alloc(0)) : reject(error);
    client.makeUnaryRequest(MINT, asIs, asIs, Buffer.from(bytes), metadata, done);
  }).finally(() => client.close());
}

export const MINT = "/mintmark.v1.TokenService/Mint";

const COMPRESSED = { httpVersion: "1.1", sendCompression: compressionGzip, compressMinBytes: 0 } as const;

export const transports = {
  connect: (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  "connect with JSON": (baseUrl: string) =>
    createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
  "gRPC-Web": (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
} satisfies Record<string, (baseUrl: string) => Parameters<typeof createClient>[1]>;

type Method = keyof typeof TokenService.method;

/** Those that compress whatever they send. */
export const compressing = {
  connect: (baseUrl: string) => createConnectTransport({ baseUrl, ...COMPRESSED }),
  "connect with JSON": (baseUrl: string) => createConnectTransport({ baseUrl, ...COMPRESSED, useBinaryFormat: false }),
  "gRPC-Web": (baseUrl: string) => createGrpcWebTransport({ baseUrl, ...COMPRESSED }),
} satisfies typeof transports;

/** Calls a method of TokenService; `headers`: the metadata. Each answer is in the shape that its client gives it. */
export type Call = (method: Method, request: object, headers?: Record<string, string>) => Promise<object>;

/** Every client that there is, by its name: the stock gRPC one and those of the HTTP port. */
export function clients(
  { url }: { readonly url: string },
  stock: ReturnType<typeof stockClient>,
): Record<string, Call> {
  const overHttp = Object.entries(transports).map(([name, transport]): [string, Call] => {
    const client = createClient(TokenService, transport(url)) as Record<string, (...args: object[]) => Promise<object>>;
    return [name, (method, request, headers = {}) => client[method]?.(request, { headers }) ?? Promise.reject(method)];
  });
  const overGrpc: Call = (method, request, headers = {}) => {
    const metadata = new grpc.Metadata();
    for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
    return stock.call(method, request, metadata);
  };
  return { gRPC: overGrpc, ...Object.fromEntries(overHttp) };
}

/** A refusal as any client sees it. */
export interface Refusal {
  readonly code: string | undefined;
  readonly message: string;
  readonly details: readonly { error: string; errorDescription: string }[];
  /** The types of all details. */
  readonly types: readonly string[];
  /** The seconds of a `google.rpc.RetryInfo`, if there is one. */
  readonly retryDelay: number | undefined;
  readonly metadata: Headers;
}

/** What a call was refused with, whichever client made it. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => Promise.reject(new Error("The call was not refused.")),
    (reason: unknown) => reason,
  );
  return describe(error instanceof ConnectError ? error : fromGrpc(error as grpc.ServiceError));
}

function describe(error: ConnectError): Refusal {
  const details = error
    .findDetails(OAuthErrorDetailSchema)
    .map(({ error, errorDescription }) => ({ error, errorDescription }));
  const types = error.details.map((detail) => ("desc" in detail ? detail.desc.typeName : detail.type));
  const retryDelay = retryDelayIn(error);
  return { code: Code[error.code], message: error.rawMessage, details, types, retryDelay, metadata: error.metadata };
}

function retryDelayIn({ details }: ConnectError): number | undefined {
  const [info] = details.filter((detail) => "type" in detail && detail.type === "google.rpc.RetryInfo");
  if (info === undefined || !("value" in info) || !(info.value instanceof Uint8Array)) return undefined;
  const reader = new BinaryReader(info.value);
  reader.tag();
  return Number(fromBinary(DurationSchema, reader.bytes()).seconds);
}

function fromGrpc(error: grpc.ServiceError): ConnectError {
  const [details] = error.metadata.get("grpc-status-details-bin");
  const metadata = Object.entries(error.metadata.getMap()).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" ? [[name, value]] : [],
  );
  const plain = new ConnectError(error.details, error.code as number, metadata);
  if (!Buffer.isBuffer(details)) return plain;
  const full = findTrailerError(new Headers({ "grpc-status-details-bin": details.toString("base64") }));
  // The details repeat the status: they must agree.
  if (full?.code !== plain.code || full.rawMessage !== plain.rawMessage)
    throw new Error("The status contradicts itself.");
  return new ConnectError(full.rawMessage, full.code, plain.metadata, full.details as never);
}

/** A mint whose `arbitrary_json` is nested so deeply, in protobuf's binary form. */
export function deepStruct(depth: number): Buffer<ArrayBuffer> {
  let struct = Buffer.alloc(0);
  const field = (tag: number, content: Buffer) =>
    Buffer.concat([new BinaryWriter().uint32(tag).uint32(content.length).finish(), content]);
  for (let level = 0; level < depth; level++) struct = field(0x0a, field(0x12, field(0x2a, struct)));
  return field(0x3a, struct);
}
