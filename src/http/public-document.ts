import { createHash } from "node:crypto";
import type { TenantEngine } from "../engine/port.ts";
import type { Endpoint } from "./endpoint.ts";

/** Lets every web page read the document (Fetch standard, CORS protocol). */
const OPEN = { "access-control-allow-origin": "*" } as const;

const PREFLIGHT = {
  ...OPEN,
  "access-control-allow-methods": "GET, HEAD",
  "access-control-allow-headers": "If-None-Match",
  "access-control-max-age": "86400",
} as const;

/**
 * Serves a JSON document that everyone may read, cache for the tenant's `jwksMaxAge`, and then revalidate by its ETag
 * (RFC 9110 sections 8.8.3 and 13.1.2). `operation`: its name in events.
 */
export function publicDocument(
  paths: readonly string[],
  document: (tenant: TenantEngine) => object | Promise<object>,
  operation?: string,
): Endpoint {
  const methods = ["GET", "HEAD", "OPTIONS"];
  return {
    paths,
    methods,
    operation,
    async handle(tenant, request, reply) {
      if (request.method === "OPTIONS")
        return reply
          .code(204)
          .headers({ allow: methods.join(", "), ...PREFLIGHT })
          .send();
      const body = JSON.stringify(await document(tenant));
      const etag = `"${createHash("sha256").update(body).digest("base64url")}"`;
      const { jwksMaxAge } = tenant.tenant.signing;
      reply.headers({ ...OPEN, "cache-control": `public, max-age=${jwksMaxAge}`, etag });
      if (isKnown(etag, request.headers["if-none-match"])) return reply.code(304).send();
      return reply.type("application/json").send(body);
    },
  };
}

/** Whether the caller already has this version. Weak tags count as strong ones (RFC 9110 section 13.1.2). */
function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  const known = ifNoneMatch?.split(",").map((tag) => tag.trim().replace(/^W\//, "")) ?? [];
  return known.includes(etag) || known.includes("*");
}
