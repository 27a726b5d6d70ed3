import { Server, type ServerOptions } from "node:http";
import {
  constants,
  createSecureServer,
  Http2ServerRequest,
  Http2ServerResponse,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import type { FastifyServerFactoryHandler } from "fastify";
import type { ServerTls } from "../wire/tls.ts";

/**
 * The limits of a connection, in bytes and milliseconds. They are HTTP/1.1's, applied to HTTP/2 where they make sense.
 */
interface Limits extends ServerOptions {
  readonly maxHeaderSize: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
}

/** The most concurrent requests of one connection. */
const MAX_STREAMS = 100;

/** Creates a server that speaks HTTP/2 and HTTP/1.1 over TLS, as the client chooses (ALPN, RFC 7301). */
export function createHttp2Server(
  limits: Limits,
  tls: ServerTls,
  handler: FastifyServerFactoryHandler<Server>,
): Server {
  const server = createSecureServer({
    ...limits,
    ...tls.pair,
    handshakeTimeout: limits.headersTimeout,
    allowHTTP1: true,
    noDelay: true,
    settings: {
      enablePush: false,
      maxConcurrentStreams: MAX_STREAMS,
      maxHeaderListSize: limits.maxHeaderSize,
    },
  });
  server.once(
    "close",
    tls.onReplace((pair) => server.setSecureContext(pair)),
  );
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const idle = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    if (server.listening) boundSession(session, limits, idle);
    else session.destroy();
  });
  server.on("request", failIfCutOff);
  // To Fastify and other callers this is an HTTP/1.1 server: it has the same methods, and so have the requests and
  // responses that Node makes from streams.
  server.on("request", handler as never);
  const closeIdleConnections = () => {
    Server.prototype.closeIdleConnections.call(server);
    for (const session of idle) session.destroy();
  };
  const closeAllConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  return Object.assign(server, { closeIdleConnections, closeAllConnections }) as unknown as Server;
}

/**
 * Makes a request fail if its stream is reset. Node would report the end of its body instead, and half a form can be a
 * valid form with another meaning. Errors after that have no reader, so they are dropped.
 */
function failIfCutOff(request: object, response: object): void {
  if (!(request instanceof Http2ServerRequest && response instanceof Http2ServerResponse)) return;
  const { stream } = request;
  for (const side of [request, response, stream]) side.on("error", () => undefined);
  stream.once("aborted", () => {
    request.destroy(new Error("The request was cut off."));
    // Otherwise the stream would wait for a reader of the rest.
    setImmediate(() => stream.destroy());
  });
}

/**
 * Ends a session that is idle for too long. It is idle while it has no stream, whatever else it sends, and is in `idle`
 * for that time.
 */
function boundSession(session: ServerHttp2Session, limits: Limits, idle: Set<ServerHttp2Session>): void {
  let timer: NodeJS.Timeout;
  let open = 0;
  const rest = (milliseconds: number) => {
    idle.add(session);
    timer = setTimeout(() => session.destroy(), milliseconds);
  };
  const wake = () => {
    idle.delete(session);
    clearTimeout(timer);
  };
  rest(limits.headersTimeout);
  session.on("stream", (stream) => {
    open++;
    wake();
    boundStream(stream, limits.requestTimeout);
    stream.once("close", () => {
      open--;
      if (open === 0 && !session.destroyed) rest(limits.keepAliveTimeout);
    });
  });
  session.once("close", wake);
}

/** Ends a stream whose request arrives too slowly, or whose answer nobody reads (slow-client attacks). */
function boundStream(stream: ServerHttp2Stream, milliseconds: number): void {
  const end = () => stream.close(constants.NGHTTP2_CANCEL);
  let timer = setTimeout(end, milliseconds);
  let unread = 0;
  stream.on("drain", () => {
    unread = 0;
  });
  // A streamed answer may pause for any time between messages, but must not wait for its reader for two periods.
  const look = () => {
    if (!stream.headersSent || stream.writableEnded) return end();
    unread = stream.writableLength > 0 ? unread + 1 : 0;
    if (unread > 1) return end();
    timer = setTimeout(look, milliseconds);
  };
  stream.once("end", () => {
    clearTimeout(timer);
    timer = setTimeout(look, milliseconds);
  });
  stream.once("close", () => clearTimeout(timer));
}
