import type { Message } from "@bufbuild/protobuf";
import type { HandlerContext, MethodImplSpec } from "@connectrpc/connect";
import { arrivalIn } from "./arrivals.ts";
import { refusalOfAbort, refuse } from "./errors.ts";

/** The refusals of implementations, which are sent unchanged. A door rewrites only the refusals of its library. */
const refusals = new WeakSet<object>();

/** Errors from reading a request's messages: they are the door's, not the implementation's. */
const unread = new WeakSet<object>();

/** Whether this refusal is an implementation's, rather than a library's. */
export function isRefusal(error: object): boolean {
  return refusals.has(error);
}

/**
 * Wraps an implementation so that all its errors become refusals, for unary calls and streams of both doors. The call
 * ends at its deadline, and a stream also when its client disconnects or the server stops, even if the implementation
 * ignores its signal.
 */
export function guard(spec: MethodImplSpec): MethodImplSpec {
  const refusalOf = (error: unknown): unknown => {
    if (isObject(error) && unread.has(error)) return error;
    const refusal = refuse(error);
    refusals.add(refusal);
    return refusal;
  };
  const begin = (context: HandlerContext): HandlerContext => {
    arrivalIn(context).hasBegun = true;
    return context;
  };
  const one = async <T>(run: () => T | Promise<T>, context: HandlerContext, isBounded: boolean): Promise<T> => {
    try {
      return isBounded ? await untilAborted(run, context.signal) : await run();
    } catch (error) {
      throw refusalOf(error);
    }
  };
  const many = async function* <T>(run: () => AsyncIterable<T>, context: HandlerContext): AsyncGenerator<T> {
    try {
      yield* endingWith(context.signal, run());
    } catch (error) {
      throw refusalOf(error);
    }
  };
  switch (spec.kind) {
    case "unary": {
      const impl = (request: Message, context: HandlerContext) =>
        one(() => spec.impl(request, begin(context)), context, context.timeoutMs() !== undefined);
      return { ...spec, impl };
    }
    case "server_streaming": {
      const impl = (request: Message, context: HandlerContext) =>
        many(() => spec.impl(request, begin(context)), context);
      return { ...spec, impl };
    }
    case "client_streaming": {
      const impl = (requests: AsyncIterable<Message>, context: HandlerContext) =>
        one(() => spec.impl(noting(requests), begin(context)), context, true);
      return { ...spec, impl };
    }
    case "bidi_streaming": {
      const impl = (requests: AsyncIterable<Message>, context: HandlerContext) =>
        many(() => spec.impl(noting(requests), begin(context)), context);
      return { ...spec, impl };
    }
  }
}

/** Notes errors from reading a request's messages. */
async function* noting<T>(requests: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* requests;
  } catch (error) {
    if (isObject(error)) unread.add(error);
    throw error;
  }
}

/** Yields messages until they end. Throws the refusal of an aborted call if the signal aborts first. */
async function* endingWith<T>(signal: AbortSignal, messages: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = messages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await untilAborted(() => iterator.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited, as it may be waiting for something that never happens.
    iterator.return?.().catch(() => undefined);
  }
}

/** Settles as the work does. Rejects with the refusal of an aborted call if the signal aborts first. */
function untilAborted<T>(work: () => T | Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(refusalOfAbort(signal.reason));
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort);
    Promise.try(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
