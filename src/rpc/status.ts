import { Code, type ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import {
  Metadata,
  type ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { once } from "../base/once.ts";
import { OAuthError, toOAuthError } from "../engine/errors.ts";
import { type Arrival, arrivalOf, nameArrival } from "../wire/arrival.ts";
import { REQUEST_ID } from "../wire/headers.ts";
import { reportRefusal } from "./arrivals.ts";
import { UNNAMED } from "./call-headers.ts";
import {
  deadlineOver,
  malformedTimeout,
  POST_ALONE,
  toConnectError,
  tooLarge,
  toProtocolError,
  unimplemented,
  unnamedCompression,
} from "./errors.ts";
import { toMetadata } from "./metadata.ts";

/** The status of a call as it is given to grpc-js. */
type Sent = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

/** The refusals that statuses of this file were made of, by the metadata that tells them from those of grpc-js. */
const made = new WeakMap<Metadata, ConnectError>();

/** Replacements for refusals of grpc-js, by their status. */
const refusals: Partial<Record<number, () => ConnectError>> = {
  [status.RESOURCE_EXHAUSTED]: tooLarge,
  [status.DEADLINE_EXCEEDED]: deadlineOver,
};

const badGzip = once(() =>
  toConnectError(new OAuthError("invalid_request", "The request cannot be read: its gzip compression is malformed.")),
);
const unexpected = once(() => toConnectError(toOAuthError(undefined)));

/** The refusal of a call of an unknown RPC. */
export const noSuchRpc = once(() => unserved("There is no such RPC."));

/** The refusal of a call with an HTTP method other than POST. */
export const noPost = once(() => unserved(POST_ALONE));

/**
 * An error as gRPC's status: code, message and, in `grpc-status-details-bin`, a `google.rpc.Status` with the details.
 */
export function toStatus(error: ConnectError): StatusObject {
  const trailers = setTrailerStatus(new Headers(), error);
  // grpc-js sends these two itself.
  trailers.delete("grpc-status");
  trailers.delete("grpc-message");
  const code: number = error.code;
  const metadata = toMetadata(trailers);
  made.set(metadata, error);
  return { code, details: error.rawMessage, metadata };
}

/** The status that ends a call. `trailer`: the metadata that the implementation adds; undefined: none. */
export function statusOf(refusal: ConnectError, trailer: Metadata | undefined): StatusObject {
  const status = toStatus(refusal);
  if (trailer !== undefined) status.metadata.merge(trailer);
  return status;
}

/**
 * Puts the refusals that grpc-js makes itself into our words, adds the request's id to every refusal, and reports
 * it. grpc-js sends its own through the call that it passes to an interceptor, but past all interceptors, so that call's
 * methods are replaced, and no call is put around it.
 */
export const withDetails: ServerInterceptor = ({ responseStream }, call) => {
  // The stream is private: nothing else that an interceptor has tells one call from another.
  const arrival = arrivalOf(Reflect.get(call, "stream"));
  nameArrival(Reflect.get(call, "metadata"), arrival);
  const sendStatus = call.sendStatus.bind(call);
  call.sendStatus = (sent) => sendStatus(sent.code === status.OK ? silent(sent) : detailed(sent, arrival));
  if (!responseStream) sendStatusWithMessage(call);
  // The type is one of grpc-js's wrappers, but all that it calls is the interface.
  return call as ServerInterceptingCall;
};

/** The message is for errors alone; grpc-js says OK. */
function silent(sent: Sent): Sent {
  return { ...sent, details: "" };
}

function detailed(sent: Sent, arrival: Arrival): Sent {
  const own = sent.metadata ? made.get(sent.metadata) : undefined;
  const refusal = own ?? refusalOf(sent);
  if (refusal === undefined) return sent;
  reportRefusal(refusal, arrival);
  const { code, details, metadata } = own === undefined ? toStatus(refusal) : sent;
  const trailer = metadata?.clone() ?? new Metadata();
  trailer.set(REQUEST_ID, arrival.caller.requestId);
  return { code, details, metadata: trailer };
}

/**
 * Has grpc-js send the status of a single response along with it, in one write to the socket, so that mints run 1.07 times as
 * fast. By itself it waits until the message is written, and then writes again.
 */
function sendStatusWithMessage(call: ServerInterceptingCallInterface): void {
  const sendMessage = call.sendMessage.bind(call);
  call.sendMessage = (message, isWritten) => {
    sendMessage(message, () => undefined);
    isWritten();
  };
}

function refusalOf({
  code,
  details,
}: {
  readonly code?: number | null;
  readonly details?: string | null;
}): ConnectError | undefined {
  if (code === status.UNIMPLEMENTED && details?.includes(`"${UNNAMED}"`)) return unnamedCompression();
  if (code === status.UNIMPLEMENTED) return unimplemented(details ?? "");
  return code === status.INTERNAL ? internal(details ?? "") : refusals[code ?? status.OK]?.();
}

/** Replaces INTERNAL, which grpc-js uses even if the caller is at fault. */
function internal(reason: string): ConnectError {
  if (reason.includes("decompress")) return badGzip();
  return reason.includes("grpc-timeout") ? malformedTimeout("grpc-timeout") : unexpected();
}

function unserved(message: string): ConnectError {
  return toProtocolError(new OAuthError("invalid_request", message), Code.Unimplemented);
}
