import type { ServerHttp2Stream } from "node:http2";
import type { Listener } from "../telemetry/events.ts";
import type { Watcher } from "../telemetry/watcher.ts";
import { Arrival, nameArrival } from "../wire/arrival.ts";
import { callerOf, type Place } from "../wire/caller.ts";
import { REQUEST_ID } from "../wire/headers.ts";

/** The method of all calls. */
const POST = "POST";

/** What recording the arrivals of gRPC calls needs. */
export interface ArrivalDependencies extends Place {
  readonly listener: Listener;
  /** Watches the calls; default: nobody does. */
  readonly watcher?: Watcher | undefined;
}

/**
 * Records the arrival of a call before grpc-js sees it, and has whatever header it is answered with say the request's
 * id. `fields`: the names and values of the call's header in turn, as received; `operation`: what it asks for.
 */
export function recordArrival(
  stream: ServerHttp2Stream,
  { fields, path }: { readonly fields: readonly string[]; readonly path: string | undefined },
  operation: string | undefined,
  { listener, watcher, ...place }: ArrivalDependencies,
): Arrival {
  const caller = callerOf({ fields, path, method: POST, socket: stream.session?.socket ?? {} }, place);
  const arrival = new Arrival(caller, listener, watcher);
  arrival.operation = operation;
  nameArrival(stream, arrival);
  const respond = stream.respond.bind(stream);
  stream.respond = (header, options) => respond({ ...header, [REQUEST_ID]: caller.requestId }, options);
  return arrival;
}
