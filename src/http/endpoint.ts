import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Engine, TenantEngine } from "../engine/port.ts";
import { DEFAULT_TENANT } from "../wire/tenants.ts";
import { HttpRefusal } from "./errors.ts";

/** What is served to every tenant's clients at some paths. */
export interface Endpoint {
  /** With `:tenant` if the path names the tenant; without it, it is the root's. */
  readonly paths: readonly string[];
  readonly methods: readonly string[];
  /** Throws if the request's header is reason enough to refuse it, before its body is read. */
  readonly check?: (request: FastifyRequest) => void;
  /** Makes the answer. What it throws is answered as a refusal. */
  readonly handle: (tenant: TenantEngine, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
}

/** The two paths of what stands below every tenant's base: the root's, and those of the others. */
export function tenantPaths(path: string): readonly string[] {
  return [path, `/:tenant${path}`];
}

/** The path of a tenant's base, as it follows the public URL. */
export function tenantBase(id: string): string {
  return id === DEFAULT_TENANT ? "" : `/${id}`;
}

/** Serves endpoints: 404 where there is no such tenant, 405 where a path takes another method (RFC 9110 15.5.6). */
export function addEndpoints(app: FastifyInstance, engine: Engine, endpoints: readonly Endpoint[]): void {
  app.decorateRequest("tenant");
  for (const endpoint of endpoints) {
    for (const path of endpoint.paths) addRoute(app, engine, endpoint, path);
  }
}

function addRoute(app: FastifyInstance, engine: Engine, endpoint: Endpoint, path: string): void {
  const { methods, check, handle } = endpoint;
  const refuseEarly = async (request: FastifyRequest) => {
    request.setDecorator("tenant", findTenant(engine, request));
    requireMethod(request, methods);
    check?.(request);
  };
  app.all(path, { onRequest: refuseEarly }, (request, reply) =>
    handle(request.getDecorator<TenantEngine>("tenant"), request, reply),
  );
}

/** Throws the refusal of a method that a path does not take (RFC 9110 section 15.5.6). */
export function requireMethod({ method }: FastifyRequest, methods: readonly string[]): void {
  if (methods.includes(method)) return;
  const allow = methods.join(", ");
  throw new HttpRefusal(405, `The method must be ${methods.join(" or ")}.`, { allow });
}

function findTenant(engine: Engine, request: FastifyRequest): TenantEngine {
  const { tenant: named } = request.params as { readonly tenant?: string };
  const tenant = named === DEFAULT_TENANT ? undefined : engine.forTenant(named ?? DEFAULT_TENANT);
  if (tenant === undefined) throw new HttpRefusal(404, "There is no such tenant.");
  return tenant;
}
