import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { OAuthError } from "../engine/errors.ts";
import {
  DEADLINE_OVER,
  malformedTimeout,
  TOO_LARGE,
  toConnectError,
  UNNAMED_COMPRESSION,
  unimplemented,
  unreadable,
} from "./errors.ts";
import { isRefusal } from "./guard.ts";
import { hasMalformedBinary, MALFORMED_BINARY } from "./metadata.ts";

/** Connect's message for a truncated envelope. */
const ENVELOPE = /^protocol error:/;

/** Its message for an envelope, or a message in one, that is compressed although no compression is named. */
const UNNAMED = /^received compressed (?:envelope|message)/;

const TIMEOUT = /^protocol error: invalid (?<protocol>connect|grpc) timeout value/;

const NO_MESSAGE = toConnectError(
  new OAuthError("invalid_request", "The request cannot be read: it must be exactly one message."),
);

/**
 * Checks a call before its body is read. Throws a refusal if metadata is malformed, and rewrites Connect's own later
 * refusals to those that a gRPC caller gets: Connect reports bytes that it cannot decode as its own failure, and quotes
 * text that is not JSON. Connect aborts the call with the error before it serializes it, so the error is rewritten
 * then.
 */
export function gate({ requestHeader, signal }: HandlerContext): void {
  signal.addEventListener("abort", () => {
    const reason: unknown = signal.reason;
    const refusal = reason instanceof ConnectError && !isRefusal(reason) ? refusalOf(reason) : undefined;
    if (refusal === undefined) return;
    const { code, rawMessage, details } = refusal;
    Object.assign(reason as ConnectError, { code, rawMessage, details });
  });
  if (hasMalformedBinary([...requestHeader].flat())) throw MALFORMED_BINARY;
}

function refusalOf(error: ConnectError): ConnectError | undefined {
  switch (error.code) {
    case Code.ResourceExhausted:
      return TOO_LARGE;
    case Code.DeadlineExceeded:
      return DEADLINE_OVER;
    case Code.Unimplemented:
      return unimplemented(error.rawMessage);
  }
  const { protocol } = TIMEOUT.exec(error.rawMessage)?.groups ?? {};
  if (protocol !== undefined) return malformedTimeout(protocol === "grpc" ? "grpc-timeout" : "connect-timeout-ms");
  if (UNNAMED.test(error.rawMessage)) return UNNAMED_COMPRESSION;
  if (ENVELOPE.test(error.rawMessage)) return NO_MESSAGE;
  const cause = decodeFailure(error);
  return cause && unreadable(cause);
}

/** The decoder's error, if an error says that the request could not be decoded. */
function decodeFailure(error: ConnectError): Error | undefined {
  if (error.rawMessage === "decompression failed" && error.cause instanceof Error) return error.cause;
  if (error.code === Code.InvalidArgument && error.cause instanceof Error) return error.cause;
  const [, binary] = /^parse binary: (.*)$/s.exec(error.rawMessage) ?? [];
  return binary === undefined ? undefined : new Error(binary);
}
