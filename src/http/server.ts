import { createServer, type Server, type ServerOptions, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest, FastifyServerFactory } from "fastify";
import type { Arrival } from "../wire/arrival.ts";
import { fieldValues } from "../wire/fields.ts";
import { REQUEST_ID, UNCACHED } from "../wire/headers.ts";
import type { ServerTls } from "../wire/tls.ts";
import { HttpRefusal, MALFORMED, refusalBody } from "./errors.ts";
import { createHttp2Server } from "./http2.ts";

/** The limits of a connection, in bytes and milliseconds. They cut off clients that send their requests too slowly. */
const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  /** Node's own refusal would have no request id. */
  requireHostHeader: false,
  /** Longer than the 60 s for which load balancers usually keep an idle connection, so that they close it first. */
  keepAliveTimeout: 75_000,
  /** How often the two timeouts of requests are checked. */
  connectionsCheckingInterval: 5_000,
} satisfies ServerOptions;

/** The most connections; further ones are closed. */
const MAX_CONNECTIONS = 4096;

const HEADER_TOO_LARGE = "The header is too large.";

/** Creates the server under the gateway: HTTP/1.1 without a key pair; with one, HTTP/1.1 and HTTP/2 over TLS. */
export function serverFactory(tls: ServerTls | undefined): FastifyServerFactory<Server> {
  return (handler) => {
    const server = tls === undefined ? createServer(limits, handler) : createHttp2Server(limits, tls, handler);
    // Node's own refusal would have no request id.
    server.on("checkExpectation", (request, response) => server.emit("request", request, response));
    return Object.assign(server, { maxConnections: MAX_CONNECTIONS });
  };
}

/** Ends all connections after a delay in milliseconds, so that they cannot keep the server from closing. */
export function endConnectionsAfter(milliseconds: number, server: Server): void {
  // Unreferenced, so that without connections the process need not wait for the timer.
  setTimeout(() => server.closeAllConnections(), milliseconds).unref();
}

/**
 * Has an answer tell the client to send no more requests over this connection (RFC 9112 section 9.6): one that is cut while
 * a request is on its way loses the request. HTTP/2 has no such header, and says it when the server closes (GOAWAY).
 */
export function endConnection({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.httpVersionMajor === 1) reply.header("connection", "close");
}

/** Answers a request that is not valid HTTP, or took too long to arrive, and closes the connection. */
export function refuseConnection(error: { readonly code: string }, socket: Socket, arrival: Arrival): void {
  const refusal = refusalOf(error.code);
  if (refusal === undefined || !socket.writable) {
    socket.destroy();
    return;
  }
  arrival.refused(refusal);
  const body = JSON.stringify(refusalBody(refusal));
  const headers = {
    ...UNCACHED,
    [REQUEST_ID]: arrival.caller.requestId,
    connection: "close",
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join("")}\r\n${body}`);
  socket.destroySoon();
}

/** Refuses an expectation other than that of an interim answer, which Node meets (RFC 9110 section 10.1.1). */
export function refuseExpectation({ raw }: FastifyRequest): void {
  const { expect } = raw.headers;
  if (expect !== undefined && !/^100-continue$/i.test(expect)) {
    throw new HttpRefusal(417, "Expect must be 100-continue or absent.");
  }
}

/**
 * Refuses a request with more than one Host (RFC 9112 section 3.2): Node reads the first, but a proxy may read the
 * last. Over HTTP/2 a Host is allowed if it equals the authority (RFC 9113 section 8.3.1).
 */
export function refuseSecondHost({ raw }: FastifyRequest): void {
  const [host, second] = fieldValues(raw.rawHeaders, "host");
  const [authority = host] = fieldValues(raw.rawHeaders, ":authority");
  const isMissing = host === undefined && raw.httpVersion === "1.1";
  if (isMissing || second !== undefined || (host !== undefined && host !== authority)) {
    throw new HttpRefusal(400, MALFORMED);
  }
}

/** Refuses a body in an unsupported transfer coding (RFC 9112 section 6.1), which would otherwise be read as plain. */
export function refuseTransferCoding({ raw }: FastifyRequest): void {
  const codings = fieldValues(raw.rawHeaders, "transfer-encoding").join(", ");
  if (!/^(?:chunked)?$/i.test(codings.trim()))
    throw new HttpRefusal(501, "Transfer-Encoding must be chunked or absent.");
}

/** Refuses a large header over HTTP/2, where Node enforces its limit only once the client has acknowledged it. */
export function refuseLargeHeader({ raw }: FastifyRequest): void {
  const size = raw.rawHeaders.reduce((sum, text) => sum + text.length, 0);
  if (size > limits.maxHeaderSize) throw new HttpRefusal(431, HEADER_TOO_LARGE);
}

/** The refusal; undefined if the client cannot read one, as after a lost connection or a failed TLS handshake. */
function refusalOf(code: string): HttpRefusal | undefined {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return new HttpRefusal(408, "The request took too long to arrive.");
  if (code === "HPE_HEADER_OVERFLOW") return new HttpRefusal(431, HEADER_TOO_LARGE);
  return code.startsWith("HPE_") ? new HttpRefusal(400, MALFORMED) : undefined;
}
