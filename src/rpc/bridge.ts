import type { MethodImplSpec } from "@connectrpc/connect";
import type { handleUnaryCall, Metadata } from "@grpc/grpc-js";
import { decode, encode, failureOf } from "./call.ts";
import { CallContext, type CallDependencies } from "./call-context.ts";
import { over } from "./errors.ts";

/** The implementation of an RPC with one request and one response. */
type UnaryImplSpec = Extract<MethodImplSpec, { readonly kind: "unary" }>;

interface Answer {
  readonly header: Metadata | undefined;
  readonly response: Buffer;
  readonly trailer: Metadata | undefined;
}

/** Turns a guarded Connect implementation into a grpc-js handler for bytes. */
export function unaryHandler(spec: UnaryImplSpec, dependencies: CallDependencies): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    const context = new CallContext(spec, call, dependencies);
    answer(spec, call.request, context).then(
      ({ header, response, trailer }) => {
        if (header !== undefined) call.sendMetadata(header);
        callback(null, response, trailer);
      },
      (error: unknown) => {
        const { status, header } = failureOf(error, context);
        if (header !== undefined) call.sendMetadata(header);
        callback(status);
      },
    );
  };
}

async function answer({ method, impl }: UnaryImplSpec, request: Buffer, context: CallContext): Promise<Answer> {
  try {
    const response = await impl(decode(method.input, request), context);
    return { header: context.header, response: encode(method.output, response), trailer: context.trailer };
  } finally {
    context.abort(over());
  }
}
