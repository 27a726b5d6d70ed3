import { Code, type ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { ServerInterceptingCall, type ServerInterceptor, type StatusObject, status } from "@grpc/grpc-js";
import { OAuthError } from "../engine/errors.ts";
import { toConnectError, unimplemented } from "./errors.ts";
import { toMetadata } from "./metadata.ts";

const DETAILS = "grpc-status-details-bin";

/** What grpc-js refuses by itself, by its status: nothing else of ours has that status without details. */
const refusals: Partial<Record<number, ConnectError>> = {
  [status.RESOURCE_EXHAUSTED]: refusal("The body is too large.", Code.ResourceExhausted),
  [status.DEADLINE_EXCEEDED]: toConnectError(
    new OAuthError("temporarily_unavailable", "The deadline of the call is over."),
    Code.DeadlineExceeded,
  ),
};

const BAD_GZIP = refusal("The request cannot be read: its gzip compression is malformed.", Code.InvalidArgument);
const BAD_TIMEOUT = refusal("The request cannot be read: its grpc-timeout is malformed.", Code.InvalidArgument);
const UNEXPECTED = toConnectError(new OAuthError("server_error", "An unexpected error occurred."));

/** The refusal of a call of what is none of our RPCs. */
export const NO_SUCH_RPC = toStatus(refusal("There is no such RPC.", Code.Unimplemented));

/** An error as gRPC's status: code, message and, in `grpc-status-details-bin`, a `google.rpc.Status` with the details. */
export function toStatus(error: ConnectError): StatusObject {
  const trailers = setTrailerStatus(new Headers(), error);
  // grpc-js writes these two itself.
  trailers.delete("grpc-status");
  trailers.delete("grpc-message");
  const code: number = error.code;
  return { code, details: error.rawMessage, metadata: toMetadata(trailers) };
}

/**
 * Gives the refusals that grpc-js makes by itself the details that all others have. It sends those by the call that it
 * hands to an interceptor, past every interceptor.
 */
export const withDetails: ServerInterceptor = (_method, call) => {
  const send = call.sendStatus.bind(call);
  call.sendStatus = (sent) => {
    const known = sent.metadata?.get(DETAILS).length ? undefined : refusalOf(sent);
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
  if (code === status.UNIMPLEMENTED) return unimplemented(details ?? "");
  return code === status.INTERNAL ? internal(details ?? "") : refusals[code ?? status.OK];
}

/** What grpc-js calls its own failure, and mostly is the caller's. */
function internal(reason: string): ConnectError {
  if (reason.includes("decompress")) return BAD_GZIP;
  return reason.includes("grpc-timeout") ? BAD_TIMEOUT : UNEXPECTED;
}

function refusal(message: string, code: Code): ConnectError {
  return toConnectError(new OAuthError("invalid_request", message), code);
}
