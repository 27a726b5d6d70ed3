import type { OAuthError } from "../engine/errors.ts";
import type { Caller } from "../engine/request.ts";
import type { Listener } from "../telemetry/events.ts";
import { traceIdOf } from "../telemetry/trace-context.ts";
import { unwatched, type Watch, type Watcher } from "../telemetry/watcher.ts";

/** Where the parts of a request that doors have at hand bear its arrival: a weak map costs the collector more. */
const arrivalOfPart: unique symbol = Symbol("arrival");

interface Part {
  [arrivalOfPart]?: Arrival;
}

/** The caller of a request that came in through a door: it has an id. */
export interface IdentifiedCaller extends Caller {
  readonly requestId: string;
}

/** A request as far as a door has read it, which tells of its refusal unless an operation does. */
export class Arrival {
  readonly caller: IdentifiedCaller;
  readonly watch: Watch;
  /** What the request asks for, once that is known. */
  operation: string | undefined;
  /** The tenant, once it is found. */
  tenant: string | undefined;
  /** Whether the implementation of an RPC has begun. */
  hasBegun = false;
  readonly #listener: Listener;
  #isRefused = false;

  constructor(caller: IdentifiedCaller, listener: Listener, watcher: Watcher = unwatched) {
    const { traceParent, traceState } = caller;
    this.watch = watcher.arrived({ traceParent, traceState });
    const { trace } = this.watch;
    this.caller = { ...caller, traceParent: trace.traceParent, traceState: trace.traceState };
    this.#listener = listener;
  }

  /** Emits the event of the refusal with which the request is answered: once, and not again after `perform`. */
  refused({ isReported, code, reason, cause, event }: OAuthError): void {
    if (isReported || this.#isRefused) return;
    this.#isRefused = true;
    const { operation, tenant } = this;
    const { requestId, remoteAddress, traceParent } = this.caller;
    const circumstances = { operation, tenant, requestId, traceId: traceIdOf(traceParent), remoteAddress };
    this.#listener({ ...circumstances, ...event, code, reason, cause });
  }
}

/** Makes the arrival of a request known by a part of it, such as its message, stream or metadata. */
export function nameArrival(part: object, arrival: Arrival): void {
  (part as Part)[arrivalOfPart] = arrival;
}

/** The arrival of the request that something is a part of. Throws if its server has not recorded it. */
export function arrivalOf(part: object): Arrival {
  const arrival = (part as Part)[arrivalOfPart];
  if (arrival === undefined) throw new Error("The server has not recorded the request's arrival.");
  return arrival;
}
