import type { ServerHttp2Stream } from "node:http2";
import type { Listener } from "../telemetry/events.ts";
import type { Watcher } from "../telemetry/watcher.ts";
import { Arrival, nameArrival } from "../wire/arrival.ts";
import { callerOf } from "../wire/caller.ts";
import { REQUEST_ID } from "../wire/headers.ts";
import type { IsTrusted } from "../wire/remote-address.ts";

/** What recording the arrivals of gRPC calls needs. */
export interface ArrivalDependencies {
  readonly listener: Listener;
  /** Watches the calls; default: nobody does. */
  readonly watcher?: Watcher | undefined;
  /** Whether a proxy may say what a caller's address is. */
  readonly isTrusted: IsTrusted;
}

/**
 * Records the arrival of a call before grpc-js sees it, and has whatever header it is answered with say the request's
 * id. `fields`: the names and values of the call's header in turn, as received; `operation`: what it asks for.
 */
export function recordArrival(
  stream: ServerHttp2Stream,
  fields: readonly string[],
  operation: string | undefined,
  { listener, watcher, isTrusted }: ArrivalDependencies,
): Arrival {
  const caller = callerOf({ fields, socket: stream.session?.socket.remoteAddress }, isTrusted);
  const arrival = new Arrival(caller, listener, watcher);
  arrival.operation = operation;
  nameArrival(stream, arrival);
  const respond = stream.respond.bind(stream);
  stream.respond = (header, options) => respond({ ...header, [REQUEST_ID]: caller.requestId }, options);
  return arrival;
}
