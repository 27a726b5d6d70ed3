import { OAuthError } from "./errors.ts";

/** Collects every problem with a request's parameters, so that the caller can fix all of them at once. */
export class Problems {
  readonly #found: string[] = [];

  /** `problem` names the parameter and what was expected; it never carries a value that could be secret. */
  add(problem: string): void {
    this.#found.push(problem);
  }

  /** Throws `invalid_request` with every problem found so far, joined by ` | `; returns if there is none. */
  refuse(): void {
    if (this.#found.length > 0) throw new OAuthError("invalid_request", this.#found.join(" | "));
  }
}
