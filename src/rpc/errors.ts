import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { OAuthErrorDetailSchema } from "../../gen/mintmark/v1/error_pb.ts";
import type { Logger } from "../base/logger.ts";
import { OAuthError, type OAuthErrorCode, toOAuthError } from "../engine/errors.ts";

/** The status of every refusal; Connect's codes are gRPC's numbers. */
const codes = {
  invalid_request: Code.InvalidArgument,
  invalid_client: Code.Unauthenticated,
  invalid_grant: Code.FailedPrecondition,
  unauthorized_client: Code.PermissionDenied,
  unsupported_grant_type: Code.InvalidArgument,
  unsupported_token_type: Code.InvalidArgument,
  unsupported_response_type: Code.InvalidArgument,
  invalid_scope: Code.InvalidArgument,
  invalid_target: Code.InvalidArgument,
  access_denied: Code.PermissionDenied,
  temporarily_unavailable: Code.Unavailable,
  server_error: Code.Internal,
} satisfies Record<OAuthErrorCode, Code>;

/** After how many seconds a caller may try again what was temporarily unavailable. */
const RETRY_DELAY = 1n;

/** The `google.rpc.RetryInfo` of what may be tried again: a message of one field, `Duration retry_delay = 1`. */
const retryInfo = {
  type: "google.rpc.RetryInfo",
  value: new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .bytes(toBinary(DurationSchema, create(DurationSchema, { seconds: RETRY_DELAY })))
    .finish(),
};

/**
 * A refusal in the words of gRPC and Connect: its status, its message, and an OAuthErrorDetail. What is temporarily
 * unavailable bears a `google.rpc.RetryInfo` too. The cause stays here. `code`: the status, if it is not the usual one.
 */
export function toConnectError(error: OAuthError, code: Code = codes[error.code]): ConnectError {
  const value = { error: error.code, errorDescription: error.message };
  const refusal = new ConnectError(error.message, code, undefined, [{ desc: OAuthErrorDetailSchema, value }]);
  if (error.code === "temporarily_unavailable") refusal.details.push(retryInfo);
  return refusal;
}

/** Why a call's signal aborts. Made once: every call is over at some time, and an error is dear to make. */
export const CANCELLED = new ConnectError("The call was cancelled.", Code.Canceled);
export const OVER = new ConnectError("The call is over.", Code.Canceled);

/** The refusal of a stream that the server ends because it stops. */
export const STOPPING = toConnectError(new OAuthError("temporarily_unavailable", "The server stops."));

/** The refusal of a call whose deadline passes. */
export const DEADLINE_OVER = toConnectError(
  new OAuthError("temporarily_unavailable", "The deadline of the call is over."),
  Code.DeadlineExceeded,
);

/** The refusal of more or fewer messages than one, where an RPC has one. gRPC has that status for it. */
export const NOT_ONE_MESSAGE = toConnectError(
  new OAuthError("invalid_request", "The request cannot be read: it is not one message."),
  Code.Unimplemented,
);

/** The refusal of a compression that nobody here reads. */
const UNKNOWN_COMPRESSION = toConnectError(
  new OAuthError("invalid_request", "The compression is not supported: send gzip, or none."),
  Code.Unimplemented,
);

/** The refusal of a message that is too large, inflated or not. */
export const TOO_LARGE = toConnectError(
  new OAuthError("invalid_request", "The body is too large."),
  Code.ResourceExhausted,
);

/** The refusal of a message that is marked as compressed, where the call named no compression. */
export const UNNAMED_COMPRESSION = toConnectError(
  new OAuthError("invalid_request", "The request cannot be read: it is compressed, and no compression was named."),
  Code.Internal,
);

/** What a call with another method of HTTP is told. */
export const POST_ALONE = "An RPC is called with POST.";

/** The refusal of a deadline that cannot be read. `name`: the field that tells it. */
export function malformedTimeout(name: string): ConnectError {
  return toConnectError(new OAuthError("invalid_request", `The request cannot be read: its ${name} is malformed.`));
}

/** The refusal of a call whose signal aborted. `reason`: that of the signal. */
export function refusalOfAbort(reason: unknown): ConnectError {
  if (!(reason instanceof ConnectError)) return CANCELLED;
  return reason.code === Code.DeadlineExceeded ? DEADLINE_OVER : reason;
}

/**
 * Decides what of a failed call leaves, on either transport: an implementation's own status as it is, a refusal with
 * its details, and of anything else nothing. The cause of what nobody foresaw goes to the log.
 *
 * `call`: which call failed, for the log.
 */
export function refuse(
  error: unknown,
  call: { readonly rpc: string; readonly requestId: string | undefined },
  logger: Logger,
): ConnectError {
  if (error instanceof ConnectError) return error;
  // The engine has logged the causes of its own refusals.
  if (!(error instanceof OAuthError)) logger.error({ ...call, err: error }, "a call failed");
  return toConnectError(toOAuthError(error));
}

/**
 * The refusal of a request that is not the message it should be. `cause`: what the decoder threw. What it quotes of the
 * request is left out, as a token may stand where another field is expected.
 */
export function unreadable(cause: Error): ConnectError {
  return toConnectError(new OAuthError("invalid_request", `The request cannot be read: ${reasonOf(cause)}.`));
}

/**
 * The refusal of what a library finds unimplemented: an encoding, or a request that is not one message. gRPC has that
 * status for both. `reason`: the library's words.
 */
export function unimplemented(reason: string): ConnectError {
  return /compression|encoding/.test(reason) ? UNKNOWN_COMPRESSION : NOT_ONE_MESSAGE;
}

/** Where decoding failed: a field, a message or an enum of ours. */
const PLACE = /^cannot decode [\w. ]+? from (?:JSON|binary)/;

/** What was wrong there, as far as the words are the decoder's own. */
const FAULT =
  /^: (?:(?:list item #\d+: )?expected [\w .()]+|list item must not be null|set multiple times|duplicate object key|maximum recursion depth of \d+ reached)/;

function reasonOf(cause: Error): string {
  if (cause instanceof SyntaxError || cause.cause instanceof SyntaxError) return "it is not JSON";
  const code = "code" in cause ? String(cause.code) : "";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "it is not UTF-8";
  if (code.startsWith("Z_")) return "its gzip compression is malformed";
  const [place] = PLACE.exec(cause.message) ?? [];
  if (place === undefined) return "it is malformed";
  const rest = cause.message.slice(place.length);
  return rest.endsWith(" is unknown") ? `${place}: it has an unknown name` : place + (FAULT.exec(rest)?.[0] ?? "");
}
