import type { Circumstances, Emit, Ending, Known, Listener, Reason, Recorder, Refused } from "../telemetry/events.ts";
import type { Performed } from "../telemetry/performed.ts";
import { OAuthError, toOAuthError } from "./errors.ts";

/** Where events go. */
export interface Hearers {
  /** Receives the event of every operation. */
  readonly listener: Listener;
  /** What answers wait for; absent: nothing. */
  readonly recorder?: Recorder | undefined;
  /** A monotonic reading in milliseconds, to measure durations: the clock may be set in between. */
  readonly elapsed: () => number;
}

/** What the events of one request say. What is learnt on the way is collected for the event of its end. */
export class Report {
  readonly #circumstances: Circumstances;
  readonly #hearers: Hearers;
  readonly #begun: number;
  readonly #known: Known = {};

  /** Begins to measure the duration. */
  constructor(circumstances: Circumstances, hearers: Hearers) {
    this.#circumstances = circumstances;
    this.#hearers = hearers;
    this.#begun = hearers.elapsed();
  }

  /** Tells at once what was noticed. */
  readonly emit: Emit = (notice) => this.#hearers.listener({ ...this.#circumstances, ...notice });

  /** Keeps something for the event of the end, however that is. */
  readonly note = (known: Known): void => {
    Object.assign(this.#known, known);
  };

  /**
   * Records what was done, if there is a recorder. Throws what it throws: then the request is refused, and the event of
   * that says what was done without an answer.
   */
  async record({ event, withheld }: { readonly event: Performed; withheld?(): void }): Promise<void> {
    try {
      await this.#hearers.recorder?.record(this.#endingOf(event));
    } catch (error) {
      const { event: unanswered, ...what } = event;
      this.note({ ...what, unanswered });
      withheld?.();
      throw error;
    }
  }

  /** Records a refusal. Resolves to it, or to the one that replaces it because it could not be recorded. */
  async recordRefusal(refusal: OAuthError): Promise<OAuthError> {
    try {
      await this.#hearers.recorder?.record(this.#endingOf(reported(refusal)));
      return refusal;
    } catch (error) {
      const { code, message, cause } = toOAuthError(error);
      return new OAuthError(code, message, { cause, event: refusal.event });
    }
  }

  /** Tells that it is done. */
  end(event: Performed): void {
    this.#hearers.listener(this.#endingOf(event));
  }

  /** Tells that it is refused. */
  endRefused(refusal: OAuthError): void {
    this.#hearers.listener(this.#endingOf(reported(refusal)));
  }

  #endingOf(how: Performed | (Refused & Reason)): Ending {
    const duration = Math.round((this.#hearers.elapsed() - this.#begun) * 1000) / 1000;
    return { ...this.#circumstances, ...this.#known, ...how, duration };
  }
}

/** A refusal as its event reports it. */
function reported({ event, code, reason, cause }: OAuthError): Refused & Reason {
  return { ...event, code, reason, cause };
}
