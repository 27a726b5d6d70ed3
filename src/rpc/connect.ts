import { buffer } from "node:stream/consumers";
import {
  Code,
  ConnectError,
  createConnectRouter,
  createContextValues,
  type HandlerContext,
  type Interceptor,
  type ServiceImplSpec,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { compressionGzip, universalRequestFromNodeRequest } from "@connectrpc/connect-node";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { KeyService } from "../../gen/mintmark/v1/key_service_pb.ts";
import { TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import type { Logger } from "../base/logger.ts";
import { OAuthError } from "../engine/errors.ts";
import type { Caller } from "../engine/request.ts";
import { fieldValues } from "../wire/fields.ts";
import { CHALLENGE, UNCACHED } from "../wire/headers.ts";
import { MAX_BODY_BYTES } from "../wire/limits.ts";
import { callerKey } from "./caller.ts";
import { refuse, toConnectError, unimplemented, unreadable } from "./errors.ts";
import { binaryOptions, jsonOptionsFor } from "./limits.ts";
import { hasMalformedBinary, MALFORMED_BINARY } from "./metadata.ts";
import { rpcName } from "./services.ts";

/** What an answer of that HTTP status says beside its body. */
const headersByStatus: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { "www-authenticate": CHALLENGE },
  503: { "retry-after": "1" },
};

const MEDIA_TYPES = "The media type must be application/json or application/proto, or gRPC-Web's.";

/** What Connect says of an envelope that is cut short, or compressed in a way that was not named. */
const ENVELOPE = /^protocol error:|^received compressed (?:envelope|message)/;

const NO_MESSAGE = new OAuthError("invalid_request", "The request cannot be read: it is not one message.");

const TOO_LARGE = new OAuthError("invalid_request", "The body is too large.");

/**
 * Serves the RPCs over Connect and gRPC-Web on an HTTP/1.1 server: `POST /<service>/<method>` with a message in
 * protobuf's binary or JSON form. Native gRPC has a server of its own. `app` is one that notes who calls, as the gateway's
 * server does.
 */
export function registerConnect(app: FastifyInstance, services: readonly ServiceImplSpec[], logger: Logger): void {
  app.register(async (scope) => {
    // Connect reads the bodies itself, within its own limit.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    for (const handler of handlers(services, logger)) {
      scope.all(handler.requestPath, { onRequest: requirePost }, (request, reply) => serve(handler, request, reply));
    }
    for (const { typeName } of [TokenService, KeyService]) {
      scope.all(`/${typeName}/*`, (_request, reply) =>
        refuseAs(404, "There is no such RPC here.", reply, Code.Unimplemented),
      );
    }
  });
}

function handlers(services: readonly ServiceImplSpec[], logger: Logger): readonly UniversalHandler[] {
  const options = {
    grpc: false,
    // Several libraries compress by default. The limit holds for what is inflated too, and inflating stops there.
    acceptCompression: [compressionGzip],
    // Answers never are: tokens hardly shrink, and a length would tell of secrets that stand beside a caller's own text.
    compressMinBytes: Number.POSITIVE_INFINITY,
    readMaxBytes: MAX_BODY_BYTES,
    binaryOptions,
    interceptors: [refusals(logger)],
    requestGate: refuseUnreadable,
  };
  const router = createConnectRouter();
  for (const { methods } of services) {
    for (const { method, impl } of Object.values(methods))
      router.rpc(method, impl, { ...options, jsonOptions: jsonOptionsFor(method.input) });
  }
  return router.handlers;
}

/** Makes of whatever an implementation throws what may leave. */
function refusals(logger: Logger): Interceptor {
  return (next) => async (request) => {
    try {
      if (hasMalformedBinary([...request.header].flat())) throw MALFORMED_BINARY;
      return await next(request);
    } catch (error) {
      const { requestId } = request.contextValues.get(callerKey);
      throw refuse(error, { rpc: rpcName(request.method), requestId }, logger);
    }
  };
}

/**
 * Connect calls bytes that it cannot decode its own failure, and quotes the text that is not JSON; of a message that is
 * too large it says that resources are exhausted. It aborts the call with that error before it writes the error down:
 * the moment to make it the refusal that a gRPC caller gets.
 */
function refuseUnreadable(context: HandlerContext): void {
  context.signal.addEventListener("abort", () => {
    const reason: unknown = context.signal.reason;
    const refusal = reason instanceof ConnectError ? refusalOf(reason) : undefined;
    if (refusal === undefined) return;
    const { code, rawMessage, details } = refusal;
    Object.assign(reason as ConnectError, { code, rawMessage, details });
  });
}

function refusalOf(error: ConnectError): ConnectError | undefined {
  // Nothing but the limit of a message is ever exhausted here.
  if (error.code === Code.ResourceExhausted) return toConnectError(TOO_LARGE);
  if (error.code === Code.Unimplemented && error.details.length === 0) return unimplemented(error.rawMessage);
  if (ENVELOPE.test(error.rawMessage)) return toConnectError(NO_MESSAGE);
  const cause = decodeFailure(error);
  return cause && unreadable(cause);
}

/** What the decoder threw, if an error says that the request could not be decoded. */
function decodeFailure(error: ConnectError): Error | undefined {
  if (error.rawMessage === "decompression failed" && error.cause instanceof Error) return error.cause;
  if (error.code === Code.InvalidArgument && error.cause instanceof Error) return error.cause;
  const [, binary] = /^parse binary: (.*)$/s.exec(error.rawMessage) ?? [];
  return binary === undefined ? undefined : new Error(binary);
}

/** Answers any other method 405 (RFC 9110 section 15.5.6), before its body is looked at. */
async function requirePost(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  if (request.method === "POST") return undefined;
  return refuseAs(405, "An RPC is called with POST.", reply.header("allow", "POST"));
}

async function serve(handler: UniversalHandler, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  // Of several, each reader would believe another one.
  if (fieldValues(request.raw.rawHeaders, "content-type").length > 1) return refuseAs(415, MEDIA_TYPES, reply);
  const call = read(request, reply);
  if (call === undefined) return refuseAs(400, "The request's target or its Host makes no URL.", reply);
  const { status, header, body } = await handler(call);
  // Connect says it with an empty body.
  if (status === 415) return refuseAs(415, MEDIA_TYPES, reply);
  reply.code(status).headers({ ...Object.fromEntries(header ?? []), ...headersByStatus[status], ...UNCACHED });
  return reply.send(body && (await buffer(body)));
}

/** Answers in Connect's words what is refused before Connect has a call of it. */
function refuseAs(status: number, message: string, reply: FastifyReply, code?: Code): FastifyReply {
  const refusal = toConnectError(new OAuthError("invalid_request", message), code);
  reply.code(status).headers({ "content-type": "application/json", ...UNCACHED });
  return reply.send(errorToJsonBytes(refusal, undefined));
}

/** The call in Connect's shape; undefined if the request's target or Host makes no URL (RFC 9112 section 3.2). */
function read(request: FastifyRequest, reply: FastifyReply): UniversalServerRequest | undefined {
  try {
    const caller = request.getDecorator<Caller>("caller");
    const values = createContextValues().set(callerKey, caller);
    const call = universalRequestFromNodeRequest(request.raw, reply.raw, undefined, values);
    // A caller whose deadline is over closes its connection, which ends the call; no timer has to hold whatever it names.
    for (const name of ["connect-timeout-ms", "grpc-timeout"]) call.header.delete(name);
    return call;
  } catch {
    return undefined;
  }
}
