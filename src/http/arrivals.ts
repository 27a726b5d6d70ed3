import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Listener } from "../telemetry/events.ts";
import type { Watcher } from "../telemetry/watcher.ts";
import { Arrival, arrivalOf, nameArrival } from "../wire/arrival.ts";
import { callerOf } from "../wire/caller.ts";
import { REQUEST_ID } from "../wire/headers.ts";
import { trustedProxies as trust } from "../wire/remote-address.ts";
import { watchRequest } from "./watch.ts";

/** Records the arrival of every request to one server. */
export class Arrivals {
  readonly #listener: Listener;
  readonly #watcher: Watcher | undefined;
  readonly #isTrusted: ReturnType<typeof trust>;
  /** The latest request of each connection. */
  readonly #latest = new WeakMap<Socket, IncomingMessage>();

  /** `trustedProxies`: IP addresses, and networks in CIDR notation. */
  constructor(listener: Listener, watcher: Watcher | undefined, trustedProxies: readonly string[]) {
    this.#listener = listener;
    this.#watcher = watcher;
    this.#isTrusted = trust(trustedProxies);
  }

  /** Records a request, and has its answer say the request's id. */
  record(request: FastifyRequest, reply: FastifyReply): void {
    const { raw } = request;
    const arrival = this.#arrival(raw.rawHeaders, raw.socket, this.#watcher);
    nameArrival(raw, arrival);
    watchRequest(request, reply, arrival);
    this.#latest.set(raw.socket, raw);
    reply.header(REQUEST_ID, arrival.caller.requestId);
  }

  /** The arrival of what a connection failed in: of a request whose body is not all here, or of one that cannot be read. */
  on(socket: Socket): Arrival {
    const latest = this.#latest.get(socket);
    return latest === undefined || latest.complete ? this.#arrival([], socket) : arrivalOf(latest);
  }

  #arrival(fields: readonly string[], { remoteAddress }: Socket, watcher?: Watcher): Arrival {
    return new Arrival(callerOf({ fields, socket: remoteAddress }, this.#isTrusted), this.#listener, watcher);
  }
}
