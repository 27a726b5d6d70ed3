import type { FastifyReply, FastifyRequest } from "fastify";
import type { Arrival } from "../wire/arrival.ts";
import { methodOf } from "./methods.ts";

/** Tells the end of a request: its answer is written, or its client has left. */
export function watchRequest(request: FastifyRequest, { raw: answer }: FastifyReply, arrival: Arrival): void {
  const { protocol: scheme, raw } = request;
  // Fastify's own hook at the end of a response does not run if the client leaves before it.
  answer.once("close", () => {
    arrival.watch.request({
      method: methodOf(raw),
      route: request.routeOptions.url,
      status: answer.headersSent ? answer.statusCode : undefined,
      isCutOff: !answer.writableEnded,
      version: raw.httpVersion,
      scheme,
    });
    arrival.watch.end();
  });
}
