import { once } from "node:events";
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { MethodImplSpec } from "@connectrpc/connect";
import type { handleBidiStreamingCall, ServerDuplexStream } from "@grpc/grpc-js";
import { REQUEST_ID } from "../wire/headers.ts";
import { type CallContext, type CallDependencies, decode, encode, openCall } from "./call.ts";
import { NOT_ONE_MESSAGE, OVER, refusalOfAbort, refuse } from "./errors.ts";
import { toMetadata } from "./metadata.ts";
import { rpcName } from "./services.ts";
import { statusOf } from "./status.ts";

/** The implementation of an RPC that streams, in one direction or in both. */
type StreamImplSpec = Exclude<MethodImplSpec, { readonly kind: "unary" }>;

type Call = ServerDuplexStream<Buffer, Buffer>;

/**
 * Serves a Connect implementation that streams, and was guarded, as a handler of grpc-js that takes and gives bytes. To
 * grpc-js all of them are bidirectional: on the wire there is no difference. An implementation is asked for its next
 * message once there is room for it.
 */
export function streamHandler(
  spec: StreamImplSpec,
  dependencies: CallDependencies,
): handleBidiStreamingCall<Buffer, Buffer> {
  const rpc = rpcName(spec.method);
  return (call) => {
    const { context, requestId } = openCall(spec, call, dependencies);
    context.responseHeader.set(REQUEST_ID, requestId);
    answer(spec, call, context).then(
      () => call.end(toMetadata(context.responseTrailer)),
      (error: unknown) => {
        call.emit("error", statusOf(refuse(error, { rpc, requestId }, dependencies.logger), requestId));
      },
    );
  };
}

async function answer(spec: StreamImplSpec, call: Call, context: CallContext): Promise<void> {
  let hasBegun = false;
  const begin = () => {
    if (!hasBegun) call.sendMetadata(toMetadata(context.responseHeader));
    hasBegun = true;
  };
  try {
    for await (const message of invoke(spec, call, context)) {
      begin();
      await send(call, encode(spec.method.output, message), context.signal);
    }
    begin();
  } finally {
    context.abort(OVER);
  }
}

async function* invoke(
  spec: StreamImplSpec,
  call: Call,
  context: CallContext,
): AsyncGenerator<MessageInitShape<DescMessage>> {
  const requests = requestsOf(call, spec.method.input, context.signal);
  switch (spec.kind) {
    case "server_streaming":
      return yield* spec.impl(await onlyOne(requests), context);
    case "client_streaming":
      return yield await spec.impl(requests, context);
    case "bidi_streaming":
      return yield* spec.impl(requests, context);
  }
}

/** The messages of a call as they come. An implementation may stop reading before their end. */
async function* requestsOf<Desc extends DescMessage>(
  call: Call,
  desc: Desc,
  signal: AbortSignal,
): AsyncGenerator<MessageShape<Desc>> {
  try {
    // The stream is the response's too, so it is not destroyed.
    for await (const bytes of call.iterator({ destroyOnReturn: false })) yield decode(desc, bytes);
  } catch (error) {
    throw signal.aborted ? refusalOfAbort(signal.reason) : error;
  }
}

async function onlyOne<T>(requests: AsyncGenerator<T>): Promise<T> {
  const first = await requests.next();
  if (first.done || !(await requests.next()).done) throw NOT_ONE_MESSAGE;
  return first.value;
}

/** Resolves when there is room for the next message. */
async function send(call: Call, bytes: Buffer, signal: AbortSignal): Promise<void> {
  if (call.write(bytes)) return;
  try {
    await once(call, "drain", { signal });
  } catch {
    throw refusalOfAbort(signal.reason);
  }
}
