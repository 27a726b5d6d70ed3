import type { Report } from "./simulation.ts";

/** What many runs came to, together. */
export class Tally {
  readonly faults = new Map<string, number>();
  readonly answers = new Map<string, number>();
  runs = 0;
  steps = 0;

  add(report: Report): void {
    this.runs += 1;
    this.steps += report.steps;
    addAll(this.faults, report.faults);
    addAll(this.answers, report.answers);
  }

  toString(): string {
    return [
      `simulation: ${this.runs} runs, ${this.steps} steps`,
      `  faults: ${list(this.faults)}`,
      `  answers: ${list(this.answers)}`,
    ].join("\n");
  }
}

function addAll(to: Map<string, number>, from: ReadonlyMap<string, number>): void {
  for (const [name, count] of from) to.set(name, (to.get(name) ?? 0) + count);
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
