import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Listener } from "../telemetry/events.ts";
import type { Watcher } from "../telemetry/watcher.ts";
import { Arrival, arrivalOf, nameArrival } from "../wire/arrival.ts";
import { callerOf, type Place, type RawRequest } from "../wire/caller.ts";
import { REQUEST_ID } from "../wire/headers.ts";
import { watchRequest } from "./watch.ts";

/** A request of which nothing could be read. */
const UNREAD = { fields: [], method: undefined, path: undefined };

/** Records the arrival of every request to one server. */
export class Arrivals {
  readonly #listener: Listener;
  readonly #watcher: Watcher | undefined;
  readonly #place: Place;
  /** The latest request of each connection. */
  readonly #latest = new WeakMap<Socket, IncomingMessage>();

  constructor(listener: Listener, watcher: Watcher | undefined, place: Place) {
    this.#listener = listener;
    this.#watcher = watcher;
    this.#place = place;
  }

  /** Records a request, and has its answer say the request's id. */
  record(request: FastifyRequest, reply: FastifyReply): void {
    const { raw } = request;
    const arrival = this.#arrival(
      { fields: raw.rawHeaders, method: raw.method, path: raw.url },
      raw.socket,
      this.#watcher,
    );
    nameArrival(raw, arrival);
    watchRequest(request, reply, arrival);
    this.#latest.set(raw.socket, raw);
    reply.header(REQUEST_ID, arrival.caller.requestId);
  }

  /** The arrival of what a connection failed in: of a request whose body is not all here, or of one that cannot be read. */
  on(socket: Socket): Arrival {
    const latest = this.#latest.get(socket);
    return latest === undefined || latest.complete ? this.#arrival(UNREAD, socket) : arrivalOf(latest);
  }

  #arrival(request: Omit<RawRequest, "socket">, socket: Socket, watcher?: Watcher): Arrival {
    return new Arrival(callerOf({ ...request, socket }, this.#place), this.#listener, watcher);
  }
}
