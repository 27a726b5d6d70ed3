import { OAuthError } from "./errors.ts";

/** Collects what is wrong with a request's parameters, so that a caller learns all of it at once. */
export class Faults {
  readonly #found: string[] = [];

  /** `fault` names the parameter and what was expected; it never carries a value that could be secret. */
  add(fault: string): void {
    this.#found.push(fault);
  }

  /** Throws `invalid_request` with every fault found so far, joined by ` | `; returns where there is none. */
  refuse(): void {
    if (this.#found.length > 0) throw new OAuthError("invalid_request", this.#found.join(" | "));
  }
}
