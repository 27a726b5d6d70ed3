import type { FastifyInstance } from "fastify";
import { UNCACHED } from "../wire/headers.ts";
import { requireMethod } from "./endpoint.ts";
import { hook } from "./hook.ts";

/** The metrics of this process, in the format that an `Accept` prefers. */
interface Scraped {
  readonly contentType: string;
  readonly text: string;
}

/** Serves `/metrics`, for Prometheus. */
export function serveMetrics(app: FastifyInstance, scrape: (accept: string | undefined) => Promise<Scraped>): void {
  app.all(
    "/metrics",
    { onRequest: hook((request) => requireMethod(request, ["GET", "HEAD"])) },
    async ({ headers }, reply) => {
      const { contentType, text } = await scrape(headers.accept);
      return reply.headers({ ...UNCACHED, "content-type": contentType }).send(text);
    },
  );
}
