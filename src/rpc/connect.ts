import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { Code, createConnectRouter, createContextValues, type ServiceImplSpec } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { compressionGzip, universalRequestFromNodeRequest } from "@connectrpc/connect-node";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { KeyService } from "../../gen/mintmark/v1/key_service_pb.ts";
import { TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import { OAuthError } from "../engine/errors.ts";
import { arrivalOf } from "../wire/arrival.ts";
import { fieldValues } from "../wire/fields.ts";
import { UNCACHED } from "../wire/headers.ts";
import { MAX_BODY_BYTES } from "../wire/limits.ts";
import { headersByStatus } from "../wire/refusals.ts";
import { arrivalKey, reportRefusal } from "./arrivals.ts";
import { gate } from "./connect-refusals.ts";
import { POST_ALONE, serverStopping, toConnectError, toProtocolError } from "./errors.ts";
import { guard } from "./guard.ts";
import { binaryOptions, jsonOptionsFor } from "./limits.ts";
import { connectTimeout, grpcTimeout, MAX_TIMEOUT } from "./timeouts.ts";
import { watchConnectCalls } from "./watch.ts";

/**
 * Services that may be on another listener: RPCs of theirs that are not served here get a refusal in Connect's form.
 */
const OURS = [TokenService.typeName, KeyService.typeName];

const MEDIA_TYPES = "The media type must be application/json or application/proto, or gRPC-Web's.";

const NEEDS_HTTP2 = "An RPC that streams in both directions needs HTTP/2.";

/** The headers that set a deadline, and their parsers. */
const timeouts = { "connect-timeout-ms": connectTimeout, "grpc-timeout": grpcTimeout };

/**
 * Serves the RPCs over Connect and gRPC-Web on an HTTP server: `POST /<service>/<method>` with a message in protobuf's
 * binary or JSON form. Native gRPC has its own server. `app` must record the arrival of requests, as the gateway's
 * server does. Once it closes, streaming calls end.
 */
export function registerConnect(app: FastifyInstance, services: readonly ServiceImplSpec[]): void {
  const stopping = new AbortController();
  app.addHook("preClose", async () => stopping.abort(serverStopping()));
  app.register(async (scope) => {
    watchConnectCalls(scope);
    // Connect reads the bodies itself, within its own limit.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    for (const handler of handlers(services, stopping.signal)) {
      scope.all(handler.requestPath, { onRequest: [nameOperation(handler), requirePost] }, (request, reply) =>
        serve(handler, request, reply),
      );
    }
    for (const typeName of new Set([...OURS, ...services.map(({ service }) => service.typeName)])) {
      scope.all(`/${typeName}/*`, (_request, reply) =>
        refuseAs(404, "There is no such RPC here.", reply, Code.Unimplemented),
      );
    }
  });
}

function handlers(services: readonly ServiceImplSpec[], stopping: AbortSignal): readonly UniversalHandler[] {
  const options = {
    grpc: false,
    // Some libraries compress by default. The size limit also holds while inflating, which stops there (zip bombs).
    acceptCompression: [compressionGzip],
    // Answers are never compressed: tokens hardly shrink, and the length of a compressed answer could reveal a secret
    // that stands beside text of the caller's choice (BREACH).
    compressMinBytes: Number.POSITIVE_INFINITY,
    readMaxBytes: MAX_BODY_BYTES,
    binaryOptions,
    requestGate: gate,
  };
  const router = createConnectRouter();
  for (const spec of services.flatMap(({ methods }) => Object.values(methods))) {
    const { kind, method, impl } = guard(spec);
    router.rpc(method, impl, {
      ...options,
      jsonOptions: jsonOptionsFor(method.input),
      ...(kind !== "unary" && { shutdownSignal: stopping }),
    });
  }
  return router.handlers;
}

/** Notes what a call asks for, before it can be refused. */
function nameOperation({ method }: UniversalHandler): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    arrivalOf(request.raw).operation = method.localName;
  };
}

/** Answers any other method with 405 (RFC 9110 section 15.5.6), before the body is read. */
async function requirePost(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  if (request.method === "POST") return undefined;
  return refuseByHttp(405, POST_ALONE, reply.header("allow", "POST"));
}

async function serve(handler: UniversalHandler, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  // If there are several, different readers would use different ones.
  if (fieldValues(request.raw.rawHeaders, "content-type").length > 1) return refuseByHttp(415, MEDIA_TYPES, reply);
  const call = read(request, reply);
  if (call === undefined) return refuseAs(400, "The request's target and Host do not form a URL.", reply);
  const { status, header, body } = await handler(call);
  // Connect answers both with an empty body.
  if (status === 415) return refuseByHttp(415, MEDIA_TYPES, reply);
  if (status === 505) return refuseAs(505, NEEDS_HTTP2, reply, Code.Unimplemented);
  reply.code(status).headers({ ...Object.fromEntries(header ?? []), ...headersByStatus[status], ...UNCACHED });
  if (body === undefined) return reply.send();
  // A stream is read as fast as its client takes it.
  return reply.send(handler.method.methodKind === "unary" ? await buffer(body) : Readable.from(body));
}

/**
 * Answers a request that is none of the protocols' with HTTP's status, and in text, as no protocol has a form for it.
 * Reports it with the code that a client of Connect makes of these statuses.
 */
function refuseByHttp(status: 405 | 415, message: string, reply: FastifyReply): FastifyReply {
  const refusal = toProtocolError(new OAuthError("invalid_request", message), Code.Unknown);
  reportRefusal(refusal, arrivalOf(reply.request.raw));
  return reply
    .code(status)
    .headers({ "content-type": "text/plain", ...UNCACHED })
    .send(`${message}\n`);
}

/** Sends a refusal in Connect's form, and reports it, for requests that Connect itself never sees. */
function refuseAs(status: number, message: string, reply: FastifyReply, code?: Code): FastifyReply {
  const refusal = toConnectError(new OAuthError("invalid_request", message), code);
  reportRefusal(refusal, arrivalOf(reply.request.raw));
  reply.code(status).headers({ "content-type": "application/json", ...UNCACHED });
  return reply.send(errorToJsonBytes(refusal, undefined));
}

/**
 * The call as Connect reads it; undefined if the request's target and Host do not form a URL (RFC 9112 section 3.2).
 */
function read(request: FastifyRequest, reply: FastifyReply): UniversalServerRequest | undefined {
  try {
    const values = createContextValues().set(arrivalKey, arrivalOf(request.raw));
    const call = universalRequestFromNodeRequest(request.raw, reply.raw, undefined, values);
    for (const [name, read] of Object.entries(timeouts)) {
      if ((read(call.header.get(name) ?? "") ?? 0) > MAX_TIMEOUT) call.header.delete(name);
    }
    return call;
  } catch {
    return undefined;
  }
}
