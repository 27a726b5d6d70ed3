import type { Prng } from "./prng.ts";
import { DECISIVE_WRITES } from "./store-operations.ts";

/** Everything that can go wrong, or be done to the mint. */
export const FAULTS = [
  "delayed",
  "refused",
  "lost",
  "late",
  "rough patch",
  "unreachable",
  "outage",
  "crash",
  "answer lost",
  "clock skew",
  "clock set",
  "graceful rotation",
  "immediate rotation",
  "compromised rotation",
  "client revoked",
  "client registered",
  "tenant registered",
  "lifetimes changed",
  "client disabled",
  "scope removed",
] as const;
export type Fault = (typeof FAULTS)[number];

/** What becomes of one call of the store. */
export type Fate = "done" | "refused" | "lost" | "late";

/** Decides what goes wrong, and counts it. */
export class Faults {
  readonly counts = new Map<Fault, number>();
  readonly random: Prng;
  readonly #enabled: ReadonlySet<Fault>;
  /** How rough the weather is in this run: from calm to far worse than any real one. */
  readonly #roughness: number;
  #calm = false;

  constructor(random: Prng, enabled: ReadonlySet<Fault>) {
    this.random = random;
    this.#enabled = enabled;
    this.#roughness = random.pick([0.001, 0.004, 0.012]);
  }

  /** Nothing goes wrong from now on. */
  calmDown(): void {
    this.#calm = true;
  }

  /** Whether such a thing may happen in this run; counted if it does. */
  happens(fault: Fault, probability = 1): boolean {
    const happens = this.random.chance(probability) && !this.#calm && this.#enabled.has(fault);
    if (happens) this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    return happens;
  }

  /** `rough`: a line that is worse than usual. */
  fateOf(operation: string, rough: boolean): Fate {
    for (const fate of ["refused", "lost", "late"] as const) {
      if (this.happens(fate, this.#riskOf(operation, rough))) return fate;
    }
    return "done";
  }

  /** How long one way takes, in milliseconds. */
  delay(operation: string, rough: boolean): number {
    if (this.happens("delayed", this.#riskOf(operation, rough))) return this.random.int(200, 4000);
    return 1 + this.random.delay(20);
  }

  /** What only few calls do is made to go wrong as often as what all do. */
  #riskOf(operation: string, rough: boolean): number {
    const rare = DECISIVE_WRITES.has(operation) ? 4 : 1;
    return this.#roughness * rare * (rough ? 5 : 1);
  }
}
