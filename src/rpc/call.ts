import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext, type MethodImplSpec } from "@connectrpc/connect";
import type { ServerUnaryCall } from "@grpc/grpc-js";
import type { Logger } from "../base/logger.ts";
import { callerOf } from "../wire/caller.ts";
import type { IsTrusted } from "../wire/remote-address.ts";
import { callerKey } from "./caller.ts";
import { CANCELLED, unreadable } from "./errors.ts";
import { binaryOptions } from "./limits.ts";
import { toHeaders } from "./metadata.ts";

/** What an implementation is told of its call, and what ends it. */
export type CallContext = ReturnType<typeof createHandlerContext>;

/** What serving a call needs. */
export interface CallDependencies {
  readonly logger: Logger;
  /** Whose word on a caller's address is taken. */
  readonly isTrusted: IsTrusted;
  /** Aborts once the server stops. Calls that stream end then; the others are waited for. */
  readonly stopping: AbortSignal;
}

/** What all calls of grpc-js have, whatever they stream. */
type Call = Pick<ServerUnaryCall<Buffer, Buffer>, "metadata" | "getPeer" | "getDeadline" | "getHost" | "getPath"> & {
  on(event: "cancelled", listener: () => void): unknown;
};

/** Opens a call of grpc-js: Connect's context of it, with who calls. Whoever opens it aborts it when it is over. */
export function openCall(
  { kind, method }: MethodImplSpec,
  call: Call,
  { isTrusted, stopping }: CallDependencies,
): { readonly context: CallContext; readonly requestId: string } {
  const requestHeader = toHeaders(call.metadata);
  const caller = callerOf({ fields: requestHeader.flat(), socket: addressOf(call.getPeer()) }, isTrusted);
  const cancellation = new AbortController();
  call.on("cancelled", () => cancellation.abort(CANCELLED));
  const deadline = Number(call.getDeadline());
  const context = createHandlerContext({
    service: method.parent,
    method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: `http://${call.getHost()}${call.getPath()}`,
    requestHeader,
    requestSignal: cancellation.signal,
    ...(kind !== "unary" && { shutdownSignal: stopping }),
    contextValues: createContextValues().set(callerKey, caller),
    ...(Number.isFinite(deadline) && { timeoutMs: deadline - Date.now() }),
  });
  return { context, requestId: caller.requestId ?? "" };
}

/**
 * Reads a message, here and not in grpc-js's own deserializer, whose failure is the server's problem there. Throws the
 * refusal of one that cannot be read.
 */
export function decode<Desc extends DescMessage>(desc: Desc, bytes: Buffer): MessageShape<Desc> {
  try {
    return fromBinary(desc, bytes, binaryOptions);
  } catch (error) {
    throw error instanceof Error ? unreadable(error) : error;
  }
}

/** The bytes of a message. */
export function encode<Desc extends DescMessage>(desc: Desc, message: MessageInitShape<Desc>): Buffer {
  const { buffer, byteOffset, byteLength } = toBinary(desc, create(desc, message));
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The address of a peer, which grpc-js writes with the port behind it. */
function addressOf(peer: string): string | undefined {
  return /^(?<address>.+):\d+$/.exec(peer)?.groups?.address;
}
