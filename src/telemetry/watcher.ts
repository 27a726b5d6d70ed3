/** The values of `traceparent` and `tracestate` (W3C Trace Context). */
export interface TraceContext {
  readonly traceParent?: string | undefined;
  readonly traceState?: string | undefined;
}

/** An HTTP request that has ended. */
export interface EndedRequest {
  /** The method as it was sent. */
  readonly method: string;
  /** The route that matched, as it was registered; undefined: none. */
  readonly route: string | undefined;
  /** The status of the answer; undefined: the client left before there was one. */
  readonly status: number | undefined;
  /** Whether the client left before the answer was complete. */
  readonly isCutOff: boolean;
  /** The version of HTTP, for example `1.1`. */
  readonly version: string;
  readonly scheme: "http" | "https";
}

/** An RPC that has ended. */
export interface EndedCall {
  readonly system: "grpc" | "connectrpc";
  /** For example `mintmark.v1.TokenService/Mint`; undefined: there is no such RPC. */
  readonly method: string | undefined;
  /** The status, by its name in `system`'s own spelling; undefined: Connect's success, which has no name. */
  readonly status: string | undefined;
}

/** Watches one request. Its methods never throw. */
export interface Watch {
  /** What the operations of the request belong to. */
  readonly trace: TraceContext;
  /** How the request has ended, if it is one of HTTP. */
  request(ended: EndedRequest): void;
  /** How the RPC that it is has ended. */
  call(ended: EndedCall): void;
  /** It has ended, and nothing more is told. */
  end(): void;
}

/** Watches all requests of a door from their arrival. */
export interface Watcher {
  /** `received`: what the header of the request says. */
  arrived(received: TraceContext): Watch;
}

/** Watches nothing. */
class Unwatched implements Watch {
  readonly trace: TraceContext;

  constructor(trace: TraceContext) {
    this.trace = trace;
  }

  request(): void {}

  call(): void {}

  end(): void {}
}

/** Has nobody watch. */
export const unwatched: Watcher = { arrived: (trace) => new Unwatched(trace) };

/** Makes one watcher of several: each finds the trace that the one before it leaves. */
export function watchedByAll(watchers: readonly Watcher[]): Watcher {
  return {
    arrived(received) {
      const watches: Watch[] = [];
      let trace = received;
      for (const watcher of watchers) {
        const watch = watcher.arrived(trace);
        trace = watch.trace;
        if (!(watch instanceof Unwatched)) watches.push(watch);
      }
      return new WatchedByAll(trace, watches);
    },
  };
}

class WatchedByAll implements Watch {
  readonly trace: TraceContext;
  readonly #watches: readonly Watch[];

  constructor(trace: TraceContext, watches: readonly Watch[]) {
    this.trace = trace;
    this.#watches = watches;
  }

  request(ended: EndedRequest): void {
    for (const watch of this.#watches) watch.request(ended);
  }

  call(ended: EndedCall): void {
    for (const watch of this.#watches) watch.call(ended);
  }

  end(): void {
    for (const watch of this.#watches) watch.end();
  }
}
