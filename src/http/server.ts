import { createServer, type Server, type ServerOptions, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyRequest, FastifyServerFactory } from "fastify";
import { fieldValues } from "../wire/fields.ts";
import { UNCACHED } from "../wire/headers.ts";
import type { TlsKeyPair } from "../wire/tls.ts";
import { HttpRefusal, refusalBody } from "./errors.ts";
import { createHttp2Server } from "./http2.ts";

/** What one connection may cost: bytes, and milliseconds. A client that trickles its request is cut off. */
const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  /** Longer than the minute for which load balancers usually keep an idle connection, so that they close it first. */
  keepAliveTimeout: 75_000,
  /** How often the two timeouts of requests are looked at. */
  connectionsCheckingInterval: 5_000,
} satisfies ServerOptions;

/** How many connections there may be; one more is closed. */
const MAX_CONNECTIONS = 4096;

const HEADER_TOO_LARGE = "The header is too large.";

/** Makes the server beneath the gateway: HTTP/1.1, or, if there is a key pair, that and HTTP/2 over TLS. */
export function serverFactory(tls: TlsKeyPair | undefined): FastifyServerFactory<Server> {
  return (handler) => {
    const server =
      tls === undefined
        ? createServer(limits, handler)
        : createHttp2Server(limits, { ...tls, handshakeTimeout: limits.headersTimeout }, handler);
    return Object.assign(server, { maxConnections: MAX_CONNECTIONS });
  };
}

/** Ends, so many milliseconds from now, what keeps a server from closing. */
export function endConnectionsAfter(milliseconds: number, server: Server): void {
  // Unreferenced: it waits for nothing but those connections.
  setTimeout(() => server.closeAllConnections(), milliseconds).unref();
}

/** Answers what is not an HTTP request, or took too long to become one, and closes the connection. */
export function refuseConnection(error: { readonly code: string }, socket: Socket): void {
  const refusal = refusalOf(error.code);
  if (refusal === undefined || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(refusalBody(refusal));
  const headers = {
    ...UNCACHED,
    connection: "close",
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join("")}\r\n${body}`);
  socket.destroySoon();
}

/**
 * Refuses a request with more than one Host (RFC 9112 section 3.2): Node reads the first, a proxy may read the last. Over
 * HTTP/2 one may stand beside an authority that says the same (RFC 9113 section 8.3.1).
 */
export async function refuseSecondHost({ raw }: FastifyRequest): Promise<void> {
  const [host, second] = fieldValues(raw.rawHeaders, "host");
  const [authority = host] = fieldValues(raw.rawHeaders, ":authority");
  if (second !== undefined || (host !== undefined && host !== authority)) {
    throw new HttpRefusal(400, "The HTTP request is malformed.");
  }
}

/** Refuses a body in a coding that nobody here reads (RFC 9112 section 6.1): it would be taken for what it is not. */
export async function refuseTransferCoding({ raw }: FastifyRequest): Promise<void> {
  const codings = fieldValues(raw.rawHeaders, "transfer-encoding").join(", ");
  if (!/^(?:chunked)?$/i.test(codings.trim()))
    throw new HttpRefusal(501, "Transfer-Encoding must be chunked or absent.");
}

/** Refuses a header that HTTP/2 lets through: it holds a client to a limit only once the client says that it knows it. */
export async function refuseLargeHeader({ raw }: FastifyRequest): Promise<void> {
  const size = raw.rawHeaders.reduce((sum, text) => sum + text.length, 0);
  if (size > limits.maxHeaderSize) throw new HttpRefusal(431, HEADER_TOO_LARGE);
}

/** Undefined if no answer can be read: a lost connection, a failed TLS handshake. */
function refusalOf(code: string): HttpRefusal | undefined {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return new HttpRefusal(408, "The request took too long to arrive.");
  if (code === "HPE_HEADER_OVERFLOW") return new HttpRefusal(431, HEADER_TOO_LARGE);
  return code.startsWith("HPE_") ? new HttpRefusal(400, "The HTTP request is malformed.") : undefined;
}
