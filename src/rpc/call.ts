import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext, type MethodImplSpec } from "@connectrpc/connect";
import type { Metadata, ServerUnaryCall, StatusObject } from "@grpc/grpc-js";
import { arrivalOf } from "../wire/arrival.ts";
import { arrivalKey } from "./arrivals.ts";
import { CANCELLED, refuse, unreadable } from "./errors.ts";
import { binaryOptions } from "./limits.ts";
import { toHeaders, toMetadata } from "./metadata.ts";
import { statusOf, toStatus } from "./status.ts";

/** A call as its implementation sees it. */
export type CallContext = ReturnType<typeof createHandlerContext>;

/** What serving calls needs. */
export interface CallDependencies {
  /** Aborts once the server stops. Streaming calls then end; the server waits for the others. */
  readonly stopping: AbortSignal;
}

/** What all calls of grpc-js have in common, streaming or not. */
type Call = Pick<ServerUnaryCall<Buffer, Buffer>, "metadata" | "getDeadline" | "getHost" | "getPath"> & {
  on(event: "cancelled", listener: () => void): unknown;
};

/**
 * Makes Connect's context for a call of grpc-js, with its arrival. The function that opens a call must abort it at its
 * end.
 */
export function openCall({ kind, method }: MethodImplSpec, call: Call, { stopping }: CallDependencies): CallContext {
  const cancellation = new AbortController();
  call.on("cancelled", () => cancellation.abort(CANCELLED));
  // grpc-js, too, counts it by the machine's time of day.
  const deadline = Number(call.getDeadline());
  return createHandlerContext({
    service: method.parent,
    method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: `http://${call.getHost()}${call.getPath()}`,
    requestHeader: toHeaders(call.metadata),
    requestSignal: cancellation.signal,
    ...(kind !== "unary" && { shutdownSignal: stopping }),
    contextValues: createContextValues().set(arrivalKey, arrivalOf(call.metadata)),
    ...(Number.isFinite(deadline) && { timeoutMs: deadline - Date.now() }),
  });
}

/**
 * Decodes a message. Throws a refusal if that fails; grpc-js would report a failure in a deserializer as the server's.
 */
export function decode<Desc extends DescMessage>(desc: Desc, bytes: Buffer): MessageShape<Desc> {
  try {
    return fromBinary(desc, bytes, binaryOptions);
  } catch (error) {
    throw error instanceof Error ? unreadable(error) : error;
  }
}

/** Encodes a message. */
export function encode<Desc extends DescMessage>(desc: Desc, message: MessageInitShape<Desc>): Buffer {
  const { buffer, byteOffset, byteLength } = toBinary(desc, create(desc, message));
  return Buffer.from(buffer, byteOffset, byteLength);
}

/**
 * The answer to a failed call: the status of its refusal with the implementation's trailer, and the implementation's header,
 * undefined if it set none.
 */
export function failureOf(
  error: unknown,
  { responseHeader, responseTrailer }: CallContext,
): { readonly status: StatusObject; readonly header: Metadata | undefined } {
  try {
    const header = responseHeader.keys().next().done ? undefined : toMetadata(responseHeader);
    return { status: statusOf(refuse(error), responseTrailer), header };
  } catch (unwritable) {
    return { status: toStatus(refuse(unwritable)), header: undefined };
  }
}
