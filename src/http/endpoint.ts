import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { NO_SUCH_TENANT } from "../engine/errors.ts";
import type { Engine, TenantEngine } from "../engine/port.ts";
import { arrivalOf } from "../wire/arrival.ts";
import { DEFAULT_TENANT } from "../wire/tenants.ts";
import { HttpRefusal } from "./errors.ts";
import { hook } from "./hook.ts";

/** An endpoint that every tenant has. */
export interface Endpoint {
  /** Paths that contain `:tenant` name the tenant; others belong to the tenant at the root. */
  readonly paths: readonly string[];
  readonly methods: readonly string[];
  /** Runs before the body is read. Throws if the header alone is a reason to refuse the request. */
  readonly check?: (request: FastifyRequest) => void;
  /** The operation that every request asks for; absent if there is none, or the body decides. */
  readonly operation?: string | undefined;
  /** Sends the answer. If it throws, the answer is a refusal. */
  readonly handle: (tenant: TenantEngine, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
}

/** The two paths of an endpoint below the tenants' bases: one for the tenant at the root, one for the others. */
export function tenantPaths(path: string): readonly string[] {
  return [path, `/:tenant${path}`];
}

/** The path of a tenant's base, below the public URL. */
export function tenantBase(id: string): string {
  return id === DEFAULT_TENANT ? "" : `/${id}`;
}

/** Serves endpoints. Answers 404 for an unknown tenant, and 405 for a wrong method (RFC 9110 section 15.5.6). */
export function addEndpoints(app: FastifyInstance, engine: Engine, endpoints: readonly Endpoint[]): void {
  app.decorateRequest("tenant");
  for (const endpoint of endpoints) {
    for (const path of endpoint.paths) addRoute(app, engine, endpoint, path);
  }
}

function addRoute(app: FastifyInstance, engine: Engine, endpoint: Endpoint, path: string): void {
  const { methods, check, operation, handle } = endpoint;
  const refuseEarly = (request: FastifyRequest) => {
    const arrival = arrivalOf(request.raw);
    arrival.operation = operation;
    const tenant = findTenant(engine, request);
    arrival.tenant = tenant.tenant.id;
    request.setDecorator("tenant", tenant);
    requireMethod(request, methods);
    check?.(request);
  };
  app.all(path, { onRequest: hook(refuseEarly) }, (request, reply) =>
    handle(request.getDecorator<TenantEngine>("tenant"), request, reply),
  );
}

/** Throws a refusal unless the method is one of those that the path allows (RFC 9110 section 15.5.6). */
export function requireMethod({ method }: FastifyRequest, methods: readonly string[]): void {
  if (methods.includes(method)) return;
  const allow = methods.join(", ");
  throw new HttpRefusal(405, `The method must be ${methods.join(" or ")}.`, { allow });
}

function findTenant(engine: Engine, request: FastifyRequest): TenantEngine {
  const { tenant: named } = request.params as { readonly tenant?: string };
  const tenant = named === DEFAULT_TENANT ? undefined : engine.forTenant(named ?? DEFAULT_TENANT);
  if (tenant === undefined) throw new HttpRefusal(404, NO_SUCH_TENANT);
  return tenant;
}
