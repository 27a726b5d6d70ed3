import { once } from "node:events";
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { MethodImplSpec } from "@connectrpc/connect";
import { type handleBidiStreamingCall, Metadata, type ServerDuplexStream } from "@grpc/grpc-js";
import { decode, encode, failureOf } from "./call.ts";
import { CallContext, type CallDependencies } from "./call-context.ts";
import { notOneMessage, over, refusalOfAbort } from "./errors.ts";

/** The implementation of an RPC that streams in one direction or both. */
type StreamImplSpec = Exclude<MethodImplSpec, { readonly kind: "unary" }>;

type Call = ServerDuplexStream<Buffer, Buffer>;

/**
 * Turns a guarded, streaming Connect implementation into a grpc-js handler for bytes. To grpc-js all of them are
 * bidirectional, as there is no difference on the wire. The next message is requested once there is room for it.
 */
export function streamHandler(
  spec: StreamImplSpec,
  dependencies: CallDependencies,
): handleBidiStreamingCall<Buffer, Buffer> {
  return (call) => {
    const context = new CallContext(spec, call, dependencies);
    const begin = beginning(call, context);
    answer(spec, call, context, begin).then(
      (trailer) => call.end(trailer),
      (error: unknown) => {
        const { status, header } = failureOf(error, context);
        if (header !== undefined) begin();
        call.emit("error", status);
      },
    );
  };
}

/** What sends the header of a response, once. */
function beginning(call: Call, context: CallContext): () => void {
  let hasBegun = false;
  return () => {
    if (hasBegun) return;
    call.sendMetadata(context.header ?? new Metadata());
    hasBegun = true;
  };
}

/** Sends the responses, and resolves to the trailer. */
async function answer(
  spec: StreamImplSpec,
  call: Call,
  context: CallContext,
  begin: () => void,
): Promise<Metadata | undefined> {
  try {
    for await (const message of invoke(spec, call, context)) {
      begin();
      await send(call, encode(spec.method.output, message), context.signal);
    }
    begin();
    return context.trailer;
  } finally {
    context.abort(over());
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

/** The messages of a call as they arrive. An implementation may stop reading before they end. */
async function* requestsOf<Desc extends DescMessage>(
  call: Call,
  desc: Desc,
  signal: AbortSignal,
): AsyncGenerator<MessageShape<Desc>> {
  try {
    // The response uses the same stream, so it must not be destroyed.
    for await (const bytes of call.iterator({ destroyOnReturn: false })) yield decode(desc, bytes);
  } catch (error) {
    throw signal.aborted ? refusalOfAbort(signal.reason) : error;
  }
}

async function onlyOne<T>(requests: AsyncGenerator<T>): Promise<T> {
  const first = await requests.next();
  if (first.done || !(await requests.next()).done) throw notOneMessage();
  return first.value;
}

/** Sends a message. Resolves when there is room for the next one. */
async function send(call: Call, bytes: Buffer, signal: AbortSignal): Promise<void> {
  if (call.write(bytes)) return;
  try {
    await once(call, "drain", { signal });
  } catch {
    throw refusalOfAbort(signal.reason);
  }
}
