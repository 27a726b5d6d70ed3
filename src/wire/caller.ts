import { randomUUID } from "node:crypto";
import type { IdentifiedCaller } from "./arrival.ts";
import { joinedField } from "./fields.ts";
import { REQUEST_ID } from "./headers.ts";
import { type IsTrusted, remoteAddress } from "./remote-address.ts";

/** A request as it arrives, before its message is read. */
interface RawRequest {
  /** The names and values of its header or metadata in turn, as received. */
  readonly fields: readonly string[];
  /** The address of its socket. */
  readonly socket: string | undefined;
}

/** A request id that a caller may choose: no character that a log, a shell or a query could misread. */
const SAFE_ID = /^[A-Za-z0-9._~:+/=@-]{1,128}$/;

/** What a request's header or metadata says about its caller. */
export function callerOf({ fields, socket }: RawRequest, isTrusted: IsTrusted): IdentifiedCaller {
  const field = (name: string) => joinedField(fields, name);
  const forwarding = { forwarded: field("forwarded"), xForwardedFor: field("x-forwarded-for") };
  const given = field(REQUEST_ID);
  return {
    authorization: field("authorization") || undefined,
    clientAssertion: field("client-assertion") || undefined,
    clientAssertionType: field("client-assertion-type") || undefined,
    remoteAddress: remoteAddress(socket, forwarding, isTrusted),
    requestId: given !== undefined && SAFE_ID.test(given) ? given : randomUUID(),
    traceParent: field("traceparent"),
    traceState: field("tracestate"),
  };
}
