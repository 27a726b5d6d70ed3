import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { OAuthErrorDetailSchema } from "../../gen/mintmark/v1/error_pb.ts";
import { once } from "../base/once.ts";
import { DpopNonceError } from "../engine/dpop-nonce-error.ts";
import { type Conflict, OAuthError, type OAuthErrorCode, toOAuthError } from "../engine/errors.ts";
import { RateLimitedError } from "../engine/rate-limited.ts";
import { DPOP_NONCE } from "../wire/headers.ts";
import { rateLimitHeaders } from "../wire/rate-limit.ts";
import { BODY_TOO_LARGE, RETRY_DELAY } from "../wire/refusals.ts";

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
  invalid_dpop_proof: Code.InvalidArgument,
  use_dpop_nonce: Code.FailedPrecondition,
  access_denied: Code.PermissionDenied,
  temporarily_unavailable: Code.Unavailable,
  server_error: Code.Internal,
} satisfies Record<OAuthErrorCode, Code>;

/** The status of a refusal that says what the request conflicts with. */
const conflicts = {
  not_found: Code.NotFound,
  already_exists: Code.AlreadyExists,
  failed_precondition: Code.FailedPrecondition,
  aborted: Code.Aborted,
} satisfies Record<Conflict, Code>;

/** A `google.rpc.RetryInfo`: a message with one field, `Duration retry_delay = 1`. */
function retryInfo(seconds: number) {
  const delay = toBinary(DurationSchema, create(DurationSchema, { seconds: BigInt(seconds) }));
  const value = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(delay).finish();
  return { type: "google.rpc.RetryInfo", value };
}

/**
 * Translates a refusal for gRPC and Connect: status, message, an OAuthErrorDetail and, for temporarily_unavailable, a
 * `google.rpc.RetryInfo`; for a limit or a nonce also the fields of HTTP as metadata. Its `cause` is the refusal itself, for the
 * event, and is not sent. `code`: the status, if it is not the usual one.
 */
export function toConnectError(error: OAuthError, code: Code = codeOf(error)): ConnectError {
  const value = { error: error.code, errorDescription: error.message };
  const refusal = new ConnectError(
    error.message,
    code,
    metadataOf(error),
    [{ desc: OAuthErrorDetailSchema, value }],
    error,
  );
  if (error.code === "temporarily_unavailable") {
    refusal.details.push(retryInfo(error instanceof RateLimitedError ? error.retryAfter : RETRY_DELAY));
  }
  return refusal;
}

function metadataOf(error: OAuthError): Readonly<Record<string, string>> | undefined {
  if (error instanceof RateLimitedError) return rateLimitHeaders(error);
  return error instanceof DpopNonceError ? { [DPOP_NONCE]: error.nonce } : undefined;
}

/**
 * A refusal that gRPC and Connect define themselves: of the call, whatever its message says. Like a library's own, it has
 * a status and no details, which is what their conformance suite demands. Its `cause` is for the event alone.
 */
export function toProtocolError(error: OAuthError, code: Code): ConnectError {
  return new ConnectError(error.message, code, undefined, undefined, error);
}

function codeOf(error: OAuthError): Code {
  if (error.conflict !== undefined) return conflicts[error.conflict];
  return error instanceof RateLimitedError ? Code.ResourceExhausted : codes[error.code];
}

// Made once they are needed: Node loads all of `fetch` for the first ConnectError, as it has `Headers`.

/** Why a call's signal aborts if its caller gave up. */
export const cancelled = once(() => new ConnectError("The call was cancelled.", Code.Canceled));

/** Why it aborts once the call has been answered. Made once, as every call ends and creating an error is expensive. */
export const over = once(() => new ConnectError("The call is over.", Code.Canceled));

/** The refusal of a stream that ends because the server stops. */
export const serverStopping = once(() =>
  toConnectError(new OAuthError("temporarily_unavailable", "The server is stopping. Try again.")),
);

/** The refusal of a call whose deadline has passed. */
export const deadlineOver = once(() =>
  toProtocolError(new OAuthError("temporarily_unavailable", "The call's deadline has passed."), Code.DeadlineExceeded),
);

const ONE_MESSAGE = new OAuthError("invalid_request", "The request cannot be read: it must be exactly one message.");

/** The refusal of a message that is not complete. */
export const noMessage = once(() => toConnectError(ONE_MESSAGE));

/** The refusal of any other number of messages than one, if an RPC takes one. gRPC prescribes this status. */
export const notOneMessage = once(() => toProtocolError(ONE_MESSAGE, Code.Unimplemented));

/** The refusal of an unsupported compression. */
export const unknownCompression = once(() =>
  toProtocolError(
    new OAuthError("invalid_request", "The compression is not supported: send gzip, or none."),
    Code.Unimplemented,
  ),
);

/** The refusal of a message that is too large, compressed or not. */
export const tooLarge = once(() =>
  toConnectError(new OAuthError("invalid_request", BODY_TOO_LARGE), Code.ResourceExhausted),
);

/** The refusal of a compressed message whose call names no compression. */
export const unnamedCompression = once(() =>
  toProtocolError(
    new OAuthError(
      "invalid_request",
      "The request cannot be read: it is compressed, but the call names no compression.",
    ),
    Code.Internal,
  ),
);

/** The message for a call with an HTTP method other than POST. */
export const POST_ALONE = "RPCs must be called with POST.";

/** The refusal of a malformed deadline. `name`: its header. */
export function malformedTimeout(name: string): ConnectError {
  return toConnectError(new OAuthError("invalid_request", `The request cannot be read: its ${name} is malformed.`));
}

/** The refusal of a call whose signal aborted. `reason`: the signal's. */
export function refusalOfAbort(reason: unknown): ConnectError {
  if (!(reason instanceof ConnectError)) return cancelled();
  return reason.code === Code.DeadlineExceeded ? deadlineOver() : reason;
}

/**
 * Decides what a failed call sends, on either transport: an implementation's own status unchanged, a refusal with its
 * details, and nothing of any other error.
 */
export function refuse(error: unknown): ConnectError {
  return error instanceof ConnectError ? error : toConnectError(toOAuthError(error));
}

/**
 * The refusal of a request that is not the expected message. `cause`: the decoder's error. What it quotes is left out,
 * as a caller may have put a token into the wrong field.
 */
export function unreadable(cause: Error): ConnectError {
  return toConnectError(new OAuthError("invalid_request", `The request cannot be read: ${reasonOf(cause)}.`));
}

/**
 * The refusal of what a library reports as unimplemented: an encoding, or a request that is not exactly one message.
 * `reason`: the library's message.
 */
export function unimplemented(reason: string): ConnectError {
  return /compression|encoding/.test(reason) ? unknownCompression() : notOneMessage();
}

/** Where decoding failed: a field, a message or an enum. */
const PLACE = /^cannot decode [\w. ]+? from (?:JSON|binary)/;

/** What was wrong there, in the decoder's own words, without quotes from the request. */
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
