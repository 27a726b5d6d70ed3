import type { ServerHttp2Stream } from "node:http2";
import { Code } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { status } from "@grpc/grpc-js";
import type { FastifyInstance } from "fastify";
import { type Arrival, arrivalOf } from "../wire/arrival.ts";

/** How calls have failed. */
const outcomes = new WeakMap<Arrival, Code>();

/** Notes how a call over Connect or gRPC-Web fails. */
export function noteFailure(arrival: Arrival, code: Code): void {
  outcomes.set(arrival, code);
}

/** Tells the ends of all calls over Connect and gRPC-Web in a scope: each has the name of its route. */
export function watchConnectCalls(scope: FastifyInstance): void {
  scope.addHook("onRequest", async ({ raw, routeOptions, headers }, { raw: answer }) => {
    const arrival = arrivalOf(raw);
    // First of all listeners, as nothing is told after the end of the request.
    answer.prependOnceListener("close", () => {
      const isWeb = headers["content-type"]?.startsWith("application/grpc-web") === true;
      const code = outcomes.get(arrival) ?? (answer.writableEnded ? undefined : Code.Canceled);
      arrival.watch.call({
        system: isWeb ? "grpc" : "connectrpc",
        method: methodOf(routeOptions.url),
        status: isWeb ? status[code ?? status.OK] : code && codeToString(code),
      });
    });
  });
}

/** Tells the end of a gRPC call, however grpc-js answers it. `method`: undefined if there is no such RPC. */
export function watchGrpcCall(stream: ServerHttp2Stream, method: string | undefined, arrival: Arrival): void {
  stream.once("close", () => {
    const code = statusSent(stream);
    arrival.watch.call({ system: "grpc", method, status: status[code] });
    arrival.watch.end();
  });
}

function statusSent({ sentHeaders, sentTrailers }: ServerHttp2Stream): status {
  const sent = sentTrailers?.["grpc-status"] ?? sentHeaders?.["grpc-status"];
  if (sent !== undefined) return Number(sent);
  // What a client makes of an answer that is not gRPC's.
  const isForeign = sentHeaders?.[":status"] !== undefined && sentHeaders[":status"] !== 200;
  return isForeign ? status.UNKNOWN : status.CANCELLED;
}

/** The RPC of a route; undefined for the route of those that do not exist. */
function methodOf(url: string | undefined): string | undefined {
  return url?.endsWith("/*") ? undefined : url?.slice("/".length);
}
