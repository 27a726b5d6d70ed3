import { METHODS } from "node:http";
import Fastify, { type FastifyInstance } from "fastify";
import type { Logger } from "../base/logger.ts";
import type { Engine } from "../engine/port.ts";
import { callerOf } from "../wire/caller.ts";
import { REQUEST_ID } from "../wire/headers.ts";
import { trustedProxies as trust } from "../wire/remote-address.ts";
import type { TlsKeyPair } from "../wire/tls.ts";
import { authorization } from "./authorization.ts";
import { oauthMetadata, openidMetadata } from "./discovery.ts";
import { addEndpoints } from "./endpoint.ts";
import { HttpRefusal, sendError } from "./errors.ts";
import { readForms } from "./form-endpoint.ts";
import { introspect } from "./introspect.ts";
import { jwks } from "./jwks.ts";
import { revocation } from "./revocation.ts";
import { serveRoot } from "./root.ts";
import {
  endConnectionsAfter,
  refuseConnection,
  refuseLargeHeader,
  refuseSecondHost,
  refuseTransferCoding,
  serverFactory,
} from "./server.ts";
import { token } from "./token.ts";

/** What a gateway is made of. */
export interface GatewayOptions extends HttpServerOptions {
  readonly engine: Engine;
  /** The URL that clients reach the gateway by: the base of the endpoints in the metadata. */
  readonly publicUrl: string;
}

interface HttpServerOptions {
  readonly logger: Logger;
  /** For how many milliseconds what is in flight may go on once the server closes; 10 000 by default. */
  readonly closeGrace?: number | undefined;
  /** Whose `Forwarded` and `X-Forwarded-For` are believed: IP addresses and networks in CIDR notation. None by default. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Absent: plain HTTP. */
  readonly tls?: TlsKeyPair | undefined;
}

/**
 * An HTTP server without a path of its own. It does not listen yet. Its refusals (RFC 6749 section 5.2) answer whatever
 * error reaches Fastify.
 *
 * It logs no request: headers and forms hold secrets.
 */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { logger, closeGrace = 10_000, tls, trustedProxies = [] } = options;
  const app = Fastify({
    serverFactory: serverFactory(tls),
    logger: false,
    exposeHeadRoutes: false,
    // The store closes after the gateway, so what still comes in while it closes is answered.
    return503OnClosing: false,
    // As long as a tenant's id can be.
    routerOptions: { maxParamLength: 63 },
    frameworkErrors: (error, _request, reply) => sendError(error, reply, logger),
    clientErrorHandler: refuseConnection,
  });
  // Every method that Node can read reaches its path, so that a known path can say which it takes.
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  // Whoever takes a body says so. What is read for a path that there is not could only be a reason for another refusal.
  app.removeAllContentTypeParsers();
  app.setErrorHandler((error, _request, reply) => sendError(error, reply, logger));
  app.setNotFoundHandler((_request, reply) =>
    sendError(new HttpRefusal(404, "There is nothing at this path."), reply, logger),
  );
  const isTrusted = trust(trustedProxies);
  app.decorateRequest("caller");
  app.addHook("onRequest", async (request, reply) => {
    const { rawHeaders: fields, socket } = request.raw;
    const caller = callerOf({ fields, socket: socket.remoteAddress }, isTrusted);
    request.setDecorator("caller", caller);
    reply.header(REQUEST_ID, caller.requestId);
  });
  app.addHook("onRequest", refuseLargeHeader);
  app.addHook("onRequest", refuseSecondHost);
  app.addHook("onRequest", refuseTransferCoding);
  app.addHook("preClose", async () => endConnectionsAfter(closeGrace, app.server));
  return app;
}

/**
 * The OAuth2 gateway: the endpoints of all tenants, and their metadata. More can be registered with it: its parser of
 * forms is for its own endpoints alone.
 */
export function createGateway(options: GatewayOptions): FastifyInstance {
  const { engine, publicUrl } = options;
  const app = createHttpServer(options);
  const endpoints = [
    token,
    introspect,
    revocation,
    authorization,
    oauthMetadata(publicUrl),
    openidMetadata(publicUrl),
    jwks,
  ];
  app.register(async (scope) => {
    readForms(scope);
    serveRoot(scope);
    addEndpoints(scope, engine, endpoints);
  });
  return app;
}
