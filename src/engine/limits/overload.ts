import { OAuthError } from "../errors.ts";

/** What a node can bear. */
interface OverloadBounds {
  /** The most requests that are worked on at once. */
  readonly maxRequestsInFlight: number;
  /** How late the event loop may be, in milliseconds. */
  readonly maxEventLoopLag: number;
}

/** Refuses requests that a node has no room for, before anything is done for them: a queue would only make all of them late. */
export class Overload {
  readonly #bounds: OverloadBounds;
  readonly #lag: () => number;
  #inFlight = 0;

  /** `lag`: how late the event loop is, in milliseconds. */
  constructor(bounds: OverloadBounds, lag: () => number) {
    this.#bounds = bounds;
    this.#lag = lag;
  }

  /** Admits a request; returns what must be called at its end. Throws OAuthError `temporarily_unavailable`. */
  readonly admit = (): (() => void) => {
    const { maxRequestsInFlight, maxEventLoopLag } = this.#bounds;
    if (this.#inFlight >= maxRequestsInFlight) throw overloaded("maxRequestsInFlight");
    if (this.#lag() > maxEventLoopLag) throw overloaded("maxEventLoopLag");
    this.#inFlight += 1;
    return () => {
      this.#inFlight -= 1;
    };
  };
}

function overloaded(bound: keyof OverloadBounds): OAuthError {
  return new OAuthError("temporarily_unavailable", "The server is overloaded. Try again.", {
    event: { event: "overloaded", bound },
  });
}
