import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Engine } from "../engine/port.ts";
import type { Listener } from "../telemetry/events.ts";
import type { Watcher } from "../telemetry/watcher.ts";
import { trustedProxies as trust } from "../wire/remote-address.ts";
import type { ServerTls } from "../wire/tls.ts";
import { Arrivals } from "./arrivals.ts";
import { authorization } from "./authorization.ts";
import { oauthMetadata, openidMetadata } from "./discovery.ts";
import { addEndpoints } from "./endpoint.ts";
import { HttpRefusal, sendError } from "./errors.ts";
import { readForms } from "./form-endpoint.ts";
import { hook } from "./hook.ts";
import { introspect } from "./introspect.ts";
import { allKeys, jwks } from "./jwks.ts";
import { ANY_OTHER, replaceMethod } from "./methods.ts";
import { revocation } from "./revocation.ts";
import { serveRoot } from "./root.ts";
import {
  endConnection,
  endConnectionsAfter,
  refuseConnection,
  refuseExpectation,
  refuseLargeHeader,
  refuseSecondHost,
  refuseTransferCoding,
  serverFactory,
} from "./server.ts";
import { token } from "./token.ts";

/** What a gateway needs. */
export interface GatewayOptions extends HttpServerOptions {
  readonly engine: Engine;
  /** The URL at which clients reach the gateway; the endpoints in the metadata begin with it. */
  readonly publicUrl: string;
}

interface HttpServerOptions {
  /** The URL at which clients reach the server, and with which its DPoP proofs begin; default: none does. */
  readonly publicUrl?: string | undefined;
  /** The one at which clients with certificates reach it, if that is another. */
  readonly mtlsUrl?: string | undefined;
  /** Receives the refusals of requests that reach no operation. */
  readonly listener: Listener;
  /** Watches the requests; default: nobody does. */
  readonly watcher?: Watcher | undefined;
  /** How long requests in flight may continue once the server closes, in milliseconds; 10 000 by default. */
  readonly closeGrace?: number | undefined;
  /**
   * The proxies whose `Forwarded` and `X-Forwarded-For` count: IP addresses and networks in CIDR notation; default:
   * none.
   */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Absent: plain HTTP. */
  readonly tls?: ServerTls | undefined;
  /** Whether the node is about to close its ports, so that connections should end; default: it never is. */
  readonly isStopping?: (() => boolean) | undefined;
}

const compileNothing = () => () => {
  throw new Error("No route has a schema.");
};

/** Each refuses a request whose header alone is a reason to. */
const refusals = [refuseExpectation, refuseLargeHeader, refuseSecondHost, refuseTransferCoding];

/**
 * Creates an HTTP server without paths, which does not listen yet. It answers every error that reaches Fastify with a
 * refusal (RFC 6749 section 5.2).
 *
 * It logs no requests, as headers and forms contain secrets.
 */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const {
    publicUrl,
    mtlsUrl,
    listener,
    watcher,
    closeGrace = 10_000,
    tls,
    trustedProxies = [],
    isStopping = () => false,
  } = options;
  const arrivals = new Arrivals(listener, watcher, {
    publicUrls: [publicUrl, mtlsUrl].filter((url) => url !== undefined),
    isTrusted: trust(trustedProxies),
  });
  const closeIfStopping = (request: FastifyRequest, reply: FastifyReply) => {
    if (isStopping()) endConnection(request, reply);
  };
  const app = Fastify({
    serverFactory: serverFactory(tls),
    logger: false,
    exposeHeadRoutes: false,
    // The store closes after the gateway, so requests that still arrive while the gateway closes can be answered.
    return503OnClosing: false,
    // The longest tenant id.
    routerOptions: { maxParamLength: 63 },
    // No route has a schema; with what compiles them, a gateway takes twice as long to make (from source, uncached).
    schemaController: { compilersFactory: { buildValidator: compileNothing, buildSerializer: compileNothing } },
    // The one hook that runs before the router.
    rewriteUrl(request) {
      replaceMethod(request, routed);
      return request.url ?? "";
    },
    // Before any hook: the path cannot be read.
    frameworkErrors: (error, request, reply) => {
      arrivals.record(request, reply);
      closeIfStopping(request, reply);
      return sendError(error, reply);
    },
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, arrivals.on(socket)),
  });
  app.addHttpMethod(ANY_OTHER);
  const routed = new Set(app.supportedMethods);
  // Endpoints that take a body add a parser. Reading a body for an unknown path could only give another refusal.
  app.removeAllContentTypeParsers();
  app.setErrorHandler((error, _request, reply) => sendError(error, reply));
  app.setNotFoundHandler((_request, reply) => sendError(new HttpRefusal(404, "There is nothing at this path."), reply));
  const atArrival = hook((request, reply) => {
    arrivals.record(request, reply);
    for (const refuse of refusals) refuse(request);
  });
  app.addHook("onRequest", atArrival);
  const beforeAnswer = hook(closeIfStopping);
  app.addHook("onSend", (request, reply, _payload, done) => beforeAnswer(request, reply, done));
  app.addHook("preClose", async () => endConnectionsAfter(closeGrace, app.server));
  return app;
}

/**
 * Creates the OAuth2 gateway: the endpoints of all tenants, and their metadata. Other routes can be added to it, as its
 * parser of forms serves only its own endpoints.
 */
export function createGateway(options: GatewayOptions): FastifyInstance {
  const { engine, publicUrl, mtlsUrl } = options;
  const app = createHttpServer(options);
  const endpoints = [
    token,
    introspect,
    revocation,
    authorization,
    oauthMetadata({ publicUrl, mtlsUrl }),
    openidMetadata({ publicUrl, mtlsUrl }),
    jwks,
    allKeys,
  ];
  app.register(async (scope) => {
    readForms(scope);
    serveRoot(scope);
    addEndpoints(scope, engine, endpoints);
  });
  return app;
}
