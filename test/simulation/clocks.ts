import { SKEW } from "./tenants.ts";

/** How far the clock of a machine that is all there is may be off true time, in milliseconds: it has no other to agree with. */
export const ONE_CLOCK_OFF = 20_000;

/** Whose clocks there are: each node's own; one that processes share; or one that workers share, who agree on it. */
export type ClockKind = "many" | "one" | "workers";

/** The clocks of a run: by how much each is set wrong. */
export class Clocks {
  readonly kind: ClockKind;
  /** By how many milliseconds the clocks of two nodes may differ, as the mint is told. */
  readonly skew: number;
  /** By how much the clock of a node that serves may be off true time, in milliseconds. */
  readonly off: number;
  readonly #wrong = new Map<number, number>();

  constructor(kind: ClockKind) {
    this.kind = kind;
    this.skew = kind === "many" ? SKEW : 0;
    this.off = kind === "many" ? SKEW / 2 : ONE_CLOCK_OFF + 1;
  }

  /** By how many milliseconds the clock that a node reads is set wrong. */
  wrong(node: number): number {
    return this.#wrong.get(this.#machineOf(node)) ?? 0;
  }

  /** Sets the clock that a node reads. */
  set(node: number, wrong: number): void {
    this.#wrong.set(this.#machineOf(node), wrong);
  }

  #machineOf(node: number): number {
    return this.kind === "many" ? node : 0;
  }
}
