import type { FastifyInstance } from "fastify";
import { requireMethod } from "./endpoint.ts";
import { hook } from "./hook.ts";

const TEXT = "This is mintmark, a token mint: see /.well-known/openid-configuration, at the root or below a tenant.\n";

/** Serves `/`: one line that says what this server is. */
export function serveRoot(app: FastifyInstance): void {
  app.all("/", { onRequest: hook((request) => requireMethod(request, ["GET", "HEAD"])) }, (_request, reply) =>
    reply.type("text/plain; charset=utf-8").send(TEXT),
  );
}
