import { Code, type ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { OAuthError } from "../engine/errors.ts";
import { REQUEST_ID } from "../wire/headers.ts";
import { UNNAMED } from "./call-headers.ts";
import {
  DEADLINE_OVER,
  malformedTimeout,
  POST_ALONE,
  TOO_LARGE,
  toConnectError,
  UNNAMED_COMPRESSION,
  unimplemented,
} from "./errors.ts";
import { toMetadata } from "./metadata.ts";

/** The metadata of statuses from this file, to tell them from those of grpc-js. */
const ours = new WeakSet<Metadata>();

/** Replacements for refusals of grpc-js, by their status. */
const refusals: Partial<Record<number, ConnectError>> = {
  [status.RESOURCE_EXHAUSTED]: TOO_LARGE,
  [status.DEADLINE_EXCEEDED]: DEADLINE_OVER,
};

const BAD_GZIP = refusal("The request cannot be read: its gzip compression is malformed.", Code.InvalidArgument);
const UNEXPECTED = toConnectError(new OAuthError("server_error", "An unexpected error occurred."));

/** The refusal of a call of an unknown RPC. */
export const NO_SUCH_RPC = toStatus(refusal("There is no such RPC.", Code.Unimplemented));

/** The refusal of a call with an HTTP method other than POST. */
export const NO_POST = toStatus(refusal(POST_ALONE, Code.Unimplemented));

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
  ours.add(metadata);
  return { code, details: error.rawMessage, metadata };
}

/** The status that ends a call, with the request's id. `trailer`: the metadata that the implementation adds. */
export function statusOf(refusal: ConnectError, requestId: string, trailer: Headers): StatusObject {
  const made = toStatus(refusal);
  made.metadata.merge(toMetadata(trailer));
  made.metadata.set(REQUEST_ID, requestId);
  return made;
}

/**
 * Adds the usual details to the refusals that grpc-js makes itself. grpc-js sends them through the call that it passes
 * to an interceptor, but past all interceptors, so that call's `sendStatus` is replaced.
 */
export const withDetails: ServerInterceptor = (_method, call) => {
  const send = call.sendStatus.bind(call);
  call.sendStatus = (sent) => {
    // The message is for errors alone; grpc-js says OK.
    if (sent.code === status.OK) return send({ ...sent, details: "" });
    const known = sent.metadata && ours.has(sent.metadata) ? undefined : refusalOf(sent);
    send(known === undefined ? sent : toStatus(known));
  };
  return new ServerInterceptingCall(call);
};

function refusalOf({
  code,
  details,
}: {
  readonly code?: number | null;
  readonly details?: string | null;
}): ConnectError | undefined {
  if (code === status.UNIMPLEMENTED && details?.includes(`"${UNNAMED}"`)) return UNNAMED_COMPRESSION;
  if (code === status.UNIMPLEMENTED) return unimplemented(details ?? "");
  return code === status.INTERNAL ? internal(details ?? "") : refusals[code ?? status.OK];
}

/** Replaces INTERNAL, which grpc-js uses even if the caller is at fault. */
function internal(reason: string): ConnectError {
  if (reason.includes("decompress")) return BAD_GZIP;
  return reason.includes("grpc-timeout") ? malformedTimeout("grpc-timeout") : UNEXPECTED;
}

function refusal(message: string, code: Code): ConnectError {
  return toConnectError(new OAuthError("invalid_request", message), code);
}
