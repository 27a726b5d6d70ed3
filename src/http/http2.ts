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
import type { TlsOptions } from "node:tls";
import type { FastifyServerFactoryHandler } from "fastify";

/** What bounds a connection of HTTP/1.1, in bytes and milliseconds; as far as it goes, the same bounds one of HTTP/2. */
interface Limits extends ServerOptions {
  readonly maxHeaderSize: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
}

/** How many requests one connection may have at a time. */
const MAX_STREAMS = 100;

/** Makes a server that speaks HTTP/2 and HTTP/1.1 over TLS, whichever the client chooses (ALPN, RFC 7301). */
export function createHttp2Server(
  limits: Limits,
  tls: TlsOptions,
  handler: FastifyServerFactoryHandler<Server>,
): Server {
  const server = createSecureServer({
    ...limits,
    ...tls,
    allowHTTP1: true,
    noDelay: true,
    settings: {
      enablePush: false,
      maxConcurrentStreams: MAX_STREAMS,
      maxHeaderListSize: limits.maxHeaderSize,
    },
  });
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
  // To Fastify, and to whoever else holds it, it is a server of HTTP/1.1: it has the same methods, and so have the
  // requests and responses that Node makes of streams.
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
 * Has a request fail whose stream is reset: Node would say that its body ended there, and half a body can mean a whole. What
 * is then written, or fails, is for nobody.
 */
function failIfCutOff(request: object, response: object): void {
  if (!(request instanceof Http2ServerRequest && response instanceof Http2ServerResponse)) return;
  const { stream } = request;
  for (const side of [request, response, stream]) side.on("error", () => undefined);
  stream.once("aborted", () => {
    request.destroy(new Error("The request was cut off."));
    // It would wait for a reader of what is left.
    setImmediate(() => stream.destroy());
  });
}

/**
 * Ends a session that asks for nothing: whatever else it sends, it is idle while it has no stream. `idle`: has the session
 * while it is.
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

/** Ends a stream whose request trickles in, or whose answer nobody reads. */
function boundStream(stream: ServerHttp2Stream, milliseconds: number): void {
  const end = () => stream.close(constants.NGHTTP2_CANCEL);
  let timer = setTimeout(end, milliseconds);
  let unread = 0;
  stream.on("drain", () => {
    unread = 0;
  });
  // An answer that goes on, message by message, may rest for as long as it likes, unless it waits for its reader.
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
