import type { Message } from "@bufbuild/protobuf";
import type { HandlerContext, MethodImplSpec } from "@connectrpc/connect";
import type { Logger } from "../base/logger.ts";
import { callerIn } from "./caller.ts";
import { refusalOfAbort, refuse } from "./errors.ts";
import { rpcName } from "./services.ts";

/** The refusals of implementations, which leave as they are: a door gives words of its own to what its library refuses. */
const refusals = new WeakSet<object>();

/** What reading the messages of a request threw: a door's own errors, not the implementation's. */
const unread = new WeakSet<object>();

/** Whether an implementation's error became this refusal, rather than a library's. */
export function isRefusal(error: object): boolean {
  return refusals.has(error);
}

/**
 * The same implementation with all its errors made refusals, as unary calls and streams of both doors have them. It ends at
 * the call's deadline, and a stream ends once its client goes away or the server stops, whether the implementation looks
 * at its signal or not.
 */
export function guard(spec: MethodImplSpec, logger: Logger): MethodImplSpec {
  const rpc = rpcName(spec.method);
  const refusalOf = (error: unknown, context: HandlerContext): unknown => {
    if (isObject(error) && unread.has(error)) return error;
    const refusal = refuse(error, { rpc, requestId: callerIn(context).requestId }, logger);
    refusals.add(refusal);
    return refusal;
  };
  const one = async <T>(run: () => T | Promise<T>, context: HandlerContext, isBounded: boolean): Promise<T> => {
    try {
      return isBounded ? await untilAborted(run, context.signal) : await run();
    } catch (error) {
      throw refusalOf(error, context);
    }
  };
  const many = async function* <T>(run: () => AsyncIterable<T>, context: HandlerContext): AsyncGenerator<T> {
    try {
      yield* endingWith(context.signal, run());
    } catch (error) {
      throw refusalOf(error, context);
    }
  };
  switch (spec.kind) {
    case "unary": {
      const impl = (request: Message, context: HandlerContext) =>
        one(() => spec.impl(request, context), context, context.timeoutMs() !== undefined);
      return { ...spec, impl };
    }
    case "server_streaming": {
      const impl = (request: Message, context: HandlerContext) => many(() => spec.impl(request, context), context);
      return { ...spec, impl };
    }
    case "client_streaming": {
      const impl = (requests: AsyncIterable<Message>, context: HandlerContext) =>
        one(() => spec.impl(noting(requests), context), context, true);
      return { ...spec, impl };
    }
    case "bidi_streaming": {
      const impl = (requests: AsyncIterable<Message>, context: HandlerContext) =>
        many(() => spec.impl(noting(requests), context), context);
      return { ...spec, impl };
    }
  }
}

/** Notes what goes wrong while a request's messages are read. */
async function* noting<T>(requests: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* requests;
  } catch (error) {
    if (isObject(error)) unread.add(error);
    throw error;
  }
}

/** The messages until their end, or until the signal aborts: then it throws the refusal of that. */
async function* endingWith<T>(signal: AbortSignal, messages: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = messages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await untilAborted(() => iterator.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Nobody waits for it: it may be in the middle of something that never ends.
    iterator.return?.().catch(() => undefined);
  }
}

/** Settles as the work does, or rejects with the refusal of an aborted call if the signal aborts before. */
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
