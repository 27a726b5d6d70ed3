import { buffer } from "node:stream/consumers";
import {
  Code,
  ConnectError,
  createConnectRouter,
  type HandlerContext,
  type Interceptor,
  type ServiceImplSpec,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest } from "@connectrpc/connect-node";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "../engine/logger.ts";
import { joinAuthorization } from "./credentials.ts";
import { refuse, unreadable } from "./errors.ts";
import { binaryOptions, jsonOptions, MAX_MESSAGE_BYTES } from "./limits.ts";
import { rpcName } from "./services.ts";

/**
 * Serves the RPCs over Connect and gRPC-Web on an HTTP/1.1 server: `POST /<service>/<method>` with a message in
 * protobuf's binary or JSON form. Native gRPC has a server of its own.
 */
export function registerConnect(app: FastifyInstance, services: readonly ServiceImplSpec[], logger: Logger): void {
  app.register(async (scope) => {
    // Connect reads the bodies itself, within its own limit.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    for (const handler of handlers(services, logger)) {
      scope.all(handler.requestPath, { onRequest: requirePost }, (request, reply) => serve(handler, request, reply));
    }
  });
}

function handlers(services: readonly ServiceImplSpec[], logger: Logger): readonly UniversalHandler[] {
  const router = createConnectRouter({
    grpc: false,
    acceptCompression: [],
    readMaxBytes: MAX_MESSAGE_BYTES,
    binaryOptions,
    jsonOptions,
    interceptors: [refusals(logger)],
    requestGate: refuseUnreadable,
  });
  for (const { methods } of services) {
    for (const { method, impl } of Object.values(methods)) router.rpc(method, impl);
  }
  return router.handlers;
}

/** Makes of whatever an implementation throws what may leave. */
function refusals(logger: Logger): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      throw refuse(error, rpcName(request.method), logger);
    }
  };
}

/**
 * Connect calls bytes that it cannot decode its own failure, and quotes the text that is not JSON. It aborts the call
 * with that error before it writes the error down: the moment to make it the refusal that a gRPC caller gets.
 */
function refuseUnreadable(context: HandlerContext): void {
  context.signal.addEventListener("abort", () => {
    const reason: unknown = context.signal.reason;
    const cause = decodeFailure(reason);
    if (cause === undefined) return;
    const { code, rawMessage, details } = unreadable(cause);
    Object.assign(reason as ConnectError, { code, rawMessage, details });
  });
}

/** What the decoder threw, where an error says that the request could not be decoded. */
function decodeFailure(error: unknown): Error | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  if (error.code === Code.InvalidArgument && error.cause instanceof Error) return error.cause;
  const [, binary] = /^parse binary: (.*)$/s.exec(error.rawMessage) ?? [];
  return binary === undefined ? undefined : new Error(binary);
}

/** Answers any other method 405 (RFC 9110 section 15.5.6), before its body is looked at. */
async function requirePost(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  return request.method === "POST" ? undefined : reply.code(405).header("allow", "POST").send();
}

async function serve(handler: UniversalHandler, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const call = read(request, reply);
  if (call === undefined) return reply.code(400).send();
  const { status, header, body } = await handler(call);
  reply.code(status).headers({ ...Object.fromEntries(header ?? []), "cache-control": "no-store" });
  return reply.send(body && (await buffer(body)));
}

/** The call in Connect's shape; undefined where the request's target or Host makes no URL (RFC 9112 section 3.2). */
function read(request: FastifyRequest, reply: FastifyReply): UniversalServerRequest | undefined {
  try {
    const call = universalRequestFromNodeRequest(request.raw, reply.raw, undefined, undefined);
    // A caller whose deadline is over closes its connection, which ends the call; no timer has to hold whatever it names.
    for (const name of ["connect-timeout-ms", "grpc-timeout"]) call.header.delete(name);
    const authorization = joinAuthorization(request.raw.rawHeaders);
    if (authorization !== undefined) call.header.set("authorization", authorization);
    return call;
  } catch {
    return undefined;
  }
}
