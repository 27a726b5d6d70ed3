import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { OAuthError, toOAuthError } from "../engine/errors.ts";
import { arrivalIn, reportRefusal } from "./arrivals.ts";
import {
  deadlineOver,
  malformedTimeout,
  noMessage,
  toConnectError,
  tooLarge,
  unimplemented,
  unnamedCompression,
  unreadable,
} from "./errors.ts";
import { isRefusal } from "./guard.ts";
import { hasMalformedBinary, malformedBinary } from "./metadata.ts";

/** Connect's message for a truncated envelope. */
const ENVELOPE = /^protocol error:/;

/** Its message for an envelope, or a message in one, that is compressed although no compression is named. */
const UNNAMED = /^received compressed (?:envelope|message)/;

const TIMEOUT = /^protocol error: invalid (?<protocol>connect|grpc) timeout value/;

/**
 * Checks a call before its body is read. Throws a refusal if metadata is malformed, and rewrites Connect's own later
 * refusals to those that a gRPC caller gets: Connect reports bytes that it cannot decode as its own failure, and quotes
 * text that is not JSON. Connect aborts the call with the error before it serializes it, so the error is rewritten, and
 * every refusal reported, then.
 */
export function gate(context: HandlerContext): void {
  const { requestHeader, signal } = context;
  const arrival = arrivalIn(context);
  const report = () => {
    const refusal = answered(signal.reason);
    if (refusal !== undefined) reportRefusal(refusal, arrival);
  };
  if (signal.aborted) report();
  else signal.addEventListener("abort", report);
  if (hasMalformedBinary([...requestHeader].flat())) throw malformedBinary();
}

/** The refusal that a call is answered with, by the reason of its signal; undefined if it ends well or is cut off. */
function answered(reason: unknown): ConnectError | undefined {
  if (!(reason instanceof ConnectError)) {
    const isUnforeseen = reason instanceof Error && reason.name !== "AbortError";
    return isUnforeseen ? toConnectError(toOAuthError(reason)) : undefined;
  }
  const isOurs = isRefusal(reason) || reason.cause instanceof OAuthError;
  const refusal = isOurs ? undefined : refusalOf(reason);
  if (refusal === undefined) return reason;
  const { code, rawMessage, details, cause } = refusal;
  return Object.assign(reason, { code, rawMessage, details, cause });
}

function refusalOf(error: ConnectError): ConnectError | undefined {
  switch (error.code) {
    case Code.ResourceExhausted:
      return tooLarge();
    case Code.DeadlineExceeded:
      return deadlineOver();
    case Code.Unimplemented:
      return unimplemented(error.rawMessage);
  }
  const { protocol } = TIMEOUT.exec(error.rawMessage)?.groups ?? {};
  if (protocol !== undefined) return malformedTimeout(protocol === "grpc" ? "grpc-timeout" : "connect-timeout-ms");
  if (UNNAMED.test(error.rawMessage)) return unnamedCompression();
  if (ENVELOPE.test(error.rawMessage)) return noMessage();
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
