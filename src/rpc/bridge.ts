import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createContextValues,
  createHandlerContext,
  type MethodImplSpec,
} from "@connectrpc/connect";
import type { handleUnaryCall, Metadata, ServerUnaryCall } from "@grpc/grpc-js";
import type { Logger } from "../base/logger.ts";
import type { Caller } from "../engine/request.ts";
import { callerOf } from "../wire/caller.ts";
import { REQUEST_ID } from "../wire/headers.ts";
import type { IsTrusted } from "../wire/remote-address.ts";
import { callerKey } from "./caller.ts";
import { refuse, unreadable } from "./errors.ts";
import { binaryOptions } from "./limits.ts";
import { toHeaders, toMetadata } from "./metadata.ts";
import { rpcName } from "./services.ts";
import { toStatus } from "./status.ts";

/** The implementation of an RPC that has one request and one response. */
type UnaryImplSpec = Extract<MethodImplSpec, { readonly kind: "unary" }>;

type Call = ServerUnaryCall<Buffer, Buffer>;
type CallContext = ReturnType<typeof createHandlerContext>;

/** Why a call's signal aborts. Made once: every call is over at some time, and an error is dear to make. */
const CANCELLED = new ConnectError("The call was cancelled.", Code.Canceled);
const OVER = new ConnectError("The call is over.", Code.Canceled);

interface Answer {
  readonly header: Metadata;
  readonly response: Buffer;
  readonly trailer: Metadata;
}

/** What serving a call needs. */
export interface CallDependencies {
  readonly logger: Logger;
  /** Whose word on a caller's address is taken. */
  readonly isTrusted: IsTrusted;
}

/** Serves a Connect implementation as a handler of grpc-js that takes and gives bytes. */
export function unaryHandler(
  spec: UnaryImplSpec,
  { logger, isTrusted }: CallDependencies,
): handleUnaryCall<Buffer, Buffer> {
  const rpc = rpcName(spec.method);
  return (call, callback) => {
    const headers = toHeaders(call.metadata);
    const caller = callerOf({ fields: headers.flat(), socket: addressOf(call.getPeer()) }, isTrusted);
    const { requestId = "" } = caller;
    answer(spec, call, contextOf(spec, call, headers, caller)).then(
      ({ header, response, trailer }) => {
        header.set(REQUEST_ID, requestId);
        call.sendMetadata(header);
        callback(null, response, trailer);
      },
      (error: unknown) => {
        const status = toStatus(refuse(error, { rpc, requestId }, logger));
        status.metadata.set(REQUEST_ID, requestId);
        callback(status);
      },
    );
  };
}

async function answer({ method, impl }: UnaryImplSpec, call: Call, context: CallContext): Promise<Answer> {
  try {
    const response = await impl(decode(method.input, call.request), context);
    const { buffer, byteOffset, byteLength } = toBinary(method.output, create(method.output, response));
    return {
      header: toMetadata(context.responseHeader),
      response: Buffer.from(buffer, byteOffset, byteLength),
      trailer: toMetadata(context.responseTrailer),
    };
  } finally {
    context.abort(OVER);
  }
}

/** Here and not in grpc-js's own deserializer, whose failure is the server's problem there, not the caller's. */
function decode<Desc extends DescMessage>(desc: Desc, bytes: Buffer): MessageShape<Desc> {
  try {
    return fromBinary(desc, bytes, binaryOptions);
  } catch (error) {
    throw error instanceof Error ? unreadable(error) : error;
  }
}

function contextOf(
  { method }: UnaryImplSpec,
  call: Call,
  requestHeader: [string, string][],
  caller: Caller,
): CallContext {
  const cancellation = new AbortController();
  call.on("cancelled", () => cancellation.abort(CANCELLED));
  const deadline = Number(call.getDeadline());
  return createHandlerContext({
    service: method.parent,
    method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: `http://${call.getHost()}${call.getPath()}`,
    requestHeader,
    requestSignal: cancellation.signal,
    contextValues: createContextValues().set(callerKey, caller),
    ...(Number.isFinite(deadline) && { timeoutMs: deadline - Date.now() }),
  });
}

/** The address of a peer, which grpc-js writes with the port behind it. */
function addressOf(peer: string): string | undefined {
  return /^(?<address>.+):\d+$/.exec(peer)?.groups?.address;
}
