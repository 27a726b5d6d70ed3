import type { Http2Server, ServerHttp2Stream } from "node:http2";
import type { ConnectError, ServiceImplSpec } from "@connectrpc/connect";
import { logVerbosity, Server, ServerCredentials, type ServerDuplexStream, setLogVerbosity } from "@grpc/grpc-js";
import { OAuthError } from "../engine/errors.ts";
import type { Listener } from "../telemetry/events.ts";
import type { Watcher } from "../telemetry/watcher.ts";
import { MAX_BODY_BYTES } from "../wire/limits.ts";
import { UNSUPPORTED_CONTENT_TYPE } from "../wire/refusals.ts";
import { trustedProxies as trust } from "../wire/remote-address.ts";
import type { ServerTls } from "../wire/tls.ts";
import { type Bounds, boundPort } from "./bounds.ts";
import { unaryHandler } from "./bridge.ts";
import type { CallDependencies } from "./call-context.ts";
import { ELSEWHERE, NOT_POST, prepareHeaders, UNKNOWN_ENCODING, UNREADABLE, UNSUPPORTED } from "./call-headers.ts";
import { serverStopping, unknownCompression } from "./errors.ts";
import { type ArrivalDependencies, recordArrival } from "./grpc-arrivals.ts";
import { ReplaceableCredentials } from "./grpc-tls.ts";
import { guard } from "./guard.ts";
import { malformedBinary } from "./metadata.ts";
import { rpcName } from "./services.ts";
import { noPost, noSuchRpc, toStatus, withDetails } from "./status.ts";
import { streamHandler } from "./stream-bridge.ts";
import { watchGrpcCall } from "./watch.ts";

const MINUTE = 60_000;

/** The limits of a connection. Node's HTTP/2 limits the metadata of a call: 128 fields, 128 KiB. */
const options = {
  "grpc.max_receive_message_length": MAX_BODY_BYTES,
  "grpc.max_concurrent_streams": 256,
  // Detects peers that have vanished, and closes connections that are idle for long.
  "grpc.keepalive_time_ms": MINUTE,
  "grpc.keepalive_timeout_ms": MINUTE / 3,
  "grpc.max_connection_idle_ms": 15 * MINUTE,
};

const BOUNDS: Bounds = { maxConnections: 4096, messageTimeout: MINUTE / 2 };

const UNSUPPORTED_TYPE = new OAuthError("invalid_request", UNSUPPORTED_CONTENT_TYPE);

interface GrpcServer {
  /**
   * Starts to serve; `port` 0 means any free port. Resolves to the port, and rejects if the address cannot be bound.
   */
  listen(host: string, port: number): Promise<number>;
  /**
   * Accepts no more calls, ends streaming ones, and resolves once the others are done. Ends those as well after
   * `graceMs` milliseconds.
   */
  close(graceMs: number): Promise<void>;
}

/** Creates a gRPC server, with its own port, for the RPCs of Connect services. Without `tls` it serves plain HTTP/2. */
export function createGrpcServer({
  services,
  listener,
  watcher,
  tls,
  publicUrls = [],
  trustedProxies = [],
  bounds = BOUNDS,
}: {
  readonly services: readonly ServiceImplSpec[];
  /** Receives the refusals of calls that reach no operation. */
  readonly listener: Listener;
  /** Watches the calls; default: nobody does. */
  readonly watcher?: Watcher | undefined;
  readonly tls?: ServerTls | undefined;
  /** The URLs at which clients reach the gateway: a DPoP proof is for one of these and the call's path; default: none is. */
  readonly publicUrls?: readonly string[] | undefined;
  /** The proxies whose `forwarded` and `x-forwarded-for` count, as over HTTP; default: none. */
  readonly trustedProxies?: readonly string[] | undefined;
  readonly bounds?: Bounds | undefined;
}): GrpcServer {
  // grpc-js would print the value of malformed metadata, even that of `authorization`.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({ ...options, interceptors: [withDetails] });
  const stopping = new AbortController();
  const dependencies = { stopping: stopping.signal };
  const paths = new Map(services.flatMap((service) => register(server, service, dependencies)));
  server.register(ELSEWHERE, refuseCall(noSuchRpc), asIs, asIs, "bidi");
  server.register(NOT_POST, refuseCall(noPost), asIs, asIs, "bidi");
  server.register(UNKNOWN_ENCODING, refuseCall(unknownCompression), asIs, asIs, "bidi");
  server.register(UNREADABLE, refuseCall(malformedBinary), asIs, asIs, "bidi");
  let unbound = () => {};
  return {
    async listen(host, port) {
      const bound = await listen(server, host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`, tls);
      unbound = boundPort(bound, bounds);
      prepareCalls(server, paths, { listener, watcher, publicUrls, isTrusted: trust(trustedProxies) });
      return bound;
    },
    async close(graceMs) {
      const closed = close(server, graceMs);
      stopping.abort(serverStopping());
      await closed;
      unbound();
    },
  };
}

/**
 * Records the arrival of every call, and prepares its headers for grpc-js, whose HTTP/2 servers are private, so that they
 * are read by name. This listener runs before grpc-js's own, which reads the same headers object.
 */
function prepareCalls(server: Server, paths: ReadonlyMap<unknown, string>, dependencies: ArrivalDependencies): void {
  const servers: ReadonlyMap<Http2Server, unknown> = Reflect.get(server, "http2Servers");
  for (const http2 of servers.keys()) {
    http2.prependListener("stream", (stream: ServerHttp2Stream, headers, _flags, rawHeaders: readonly string[]) => {
      const { ":path": path } = headers;
      const arrival = recordArrival(stream, { fields: rawHeaders, path }, paths.get(path), dependencies);
      watchGrpcCall(stream, paths.has(path) ? path?.slice("/".length) : undefined, arrival);
      prepareHeaders(headers, rawHeaders, paths);
      // grpc-js answers it with an HTTP status, past its own calls.
      if (headers["content-type"] === UNSUPPORTED) arrival.refused(UNSUPPORTED_TYPE);
    });
  }
}

/** Registers the RPCs of a service. Returns their paths, and what each is called in events. */
function register(
  server: Server,
  { methods }: ServiceImplSpec,
  dependencies: CallDependencies,
): readonly (readonly [string, string])[] {
  return Object.values(methods).map((spec) => {
    const path = `/${rpcName(spec.method)}`;
    const guarded = guard(spec);
    if (guarded.kind === "unary") server.register(path, unaryHandler(guarded, dependencies), asIs, asIs, "unary");
    else server.register(path, streamHandler(guarded, dependencies), asIs, asIs, "bidi");
    return [path, spec.method.localName];
  });
}

/** Refuses a call, streaming or not. */
function refuseCall(refusal: () => ConnectError): (call: ServerDuplexStream<Buffer, Buffer>) => void {
  return (call) => void call.emit("error", toStatus(refusal()));
}

/** The bridge encodes and decodes messages itself: grpc-js handles only bytes. */
function asIs(bytes: Buffer): Buffer {
  return bytes;
}

function listen(server: Server, address: string, tls: ServerTls | undefined): Promise<number> {
  const credentials = tls === undefined ? ServerCredentials.createInsecure() : new ReplaceableCredentials(tls);
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
