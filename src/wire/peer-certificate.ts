import type { TLSSocket } from "node:tls";
import { type PresentedCertificate, parseClientCert, readClientCertificate } from "../possession/client-certificate.ts";
import { fieldValues } from "./fields.ts";

/** The header in which a proxy passes on a client's certificate (RFC 9440). */
const CLIENT_CERT = "client-cert";

/** The part of a socket that tells its peer. Sockets without TLS, and HTTP/2's, lack some of it. */
export type PeerSocket = Partial<Pick<TLSSocket, "remoteAddress" | "authorized" | "getPeerX509Certificate">>;

/** The certificates of connections, which have one for as long as they last. */
const ofConnections = new WeakMap<object, PresentedCertificate | "none">();

/**
 * The certificate that a request's client has shown: to the server or, if the peer is a trusted proxy, to that proxy. The
 * header of anyone else does not count, nor does the proxy's own certificate.
 */
export function peerCertificate(
  socket: PeerSocket,
  fields: readonly string[],
  isTrustedProxy: boolean,
): PresentedCertificate | undefined {
  return isTrustedProxy ? passedOn(fields) : ofConnection(socket);
}

/** More than one is none: the proxy has added its own to that of a client that made one up. */
function passedOn(fields: readonly string[]): PresentedCertificate | undefined {
  const [field, second] = fieldValues(fields, CLIENT_CERT);
  if (field === undefined || second !== undefined) return undefined;
  const der = parseClientCert(field);
  const certificate = der && readClientCertificate(der);
  // The proxy has checked it: that is what it is trusted for.
  return certificate && { ...certificate, isVerified: true };
}

function ofConnection(socket: PeerSocket): PresentedCertificate | undefined {
  if (socket.getPeerX509Certificate === undefined) return undefined;
  const known = ofConnections.get(socket) ?? readPeer(socket) ?? "none";
  ofConnections.set(socket, known);
  return known === "none" ? undefined : known;
}

function readPeer(socket: PeerSocket): PresentedCertificate | undefined {
  const raw = socket.getPeerX509Certificate?.()?.raw;
  const certificate = raw && readClientCertificate(raw);
  return certificate && { ...certificate, isVerified: socket.authorized === true };
}
