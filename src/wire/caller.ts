import { randomUUID } from "node:crypto";
import { joinUrl } from "../base/url.ts";
import type { PresentedProofs } from "../engine/request.ts";
import type { IdentifiedCaller } from "./arrival.ts";
import { fieldValues, joinedField } from "./fields.ts";
import { DPOP, REQUEST_ID } from "./headers.ts";
import { type PeerSocket, peerCertificate } from "./peer-certificate.ts";
import { type IsTrusted, isTrustedPeer, remoteAddress } from "./remote-address.ts";

/** A request as it arrives, before its message is read. */
export interface RawRequest {
  /** The names and values of its header or metadata in turn, as received. */
  readonly fields: readonly string[];
  readonly socket: PeerSocket;
  /** Its method, and its path with the query. */
  readonly method: string | undefined;
  readonly path: string | undefined;
}

/** What a server knows of itself and its proxies. */
export interface Place {
  readonly isTrusted: IsTrusted;
  /** The URLs at which clients reach it. */
  readonly publicUrls: readonly string[];
}

/** A request id that a caller may choose: no character that a log, a shell or a query could misread. */
const SAFE_ID = /^[A-Za-z0-9._~:+/=@-]{1,128}$/;

/** What a request's header or metadata says about its caller. */
export function callerOf(request: RawRequest, place: Place): IdentifiedCaller {
  const { fields, socket } = request;
  const field = (name: string) => joinedField(fields, name);
  const peer = socket.remoteAddress;
  const forwarding = { forwarded: field("forwarded"), xForwardedFor: field("x-forwarded-for") };
  const given = field(REQUEST_ID);
  const clientAssertion = field("client-assertion") || undefined;
  return {
    authorization: field("authorization") || undefined,
    // Means something beside an assertion alone: without one, an id is in `authorization`.
    clientId: (clientAssertion && field("client-id")) || undefined,
    clientAssertion,
    clientAssertionType: field("client-assertion-type") || undefined,
    remoteAddress: remoteAddress(peer, forwarding, place.isTrusted),
    dpop: dpopOf(request, place),
    certificate: peerCertificate(socket, fields, isTrustedPeer(peer, place.isTrusted)),
    requestId: given !== undefined && SAFE_ID.test(given) ? given : randomUUID(),
    traceParent: field("traceparent"),
    traceState: field("tracestate"),
  };
}

/** The request is named as clients know it, by the public URLs: a `Host` that a caller chose must not count. */
function dpopOf({ fields, method = "", path = "" }: RawRequest, { publicUrls }: Place): PresentedProofs | undefined {
  const proofs = fieldValues(fields, DPOP);
  if (proofs.length === 0) return undefined;
  const { 0: withoutQuery = "" } = path.split("?");
  return { proofs, method, urls: publicUrls.map((url) => joinUrl(url, withoutQuery)) };
}
