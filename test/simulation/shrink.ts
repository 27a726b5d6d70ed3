import { Violation } from "./oracle.ts";
import { type Report, simulate } from "./simulation.ts";
import type { Options } from "./world.ts";

/** How many lines of a run are shown. */
const SHOWN = 60;

/** For how long a shorter run is looked for, in milliseconds of real time. */
const PATIENCE = 30_000;

/** A run that fails likewise with less: fewer nodes, actors and kinds of faults, and fewer steps. */
export async function shrink(failed: Report): Promise<Report> {
  const deadline = performance.now() + PATIENCE;
  let best = failed;
  for (let progress = true; progress && performance.now() < deadline; ) {
    progress = false;
    for (const options of smaller(best.options)) {
      if (performance.now() >= deadline) break;
      const report = await simulate(failed.seed, options);
      if (!isLike(report, failed) || report.steps > best.steps * 1.2) continue;
      best = report;
      progress = true;
      break;
    }
  }
  return best;
}

function* smaller(options: Options): Generator<Options> {
  const { nodes, actors, faults } = options;
  if (actors > 1) yield { ...options, actors: Math.ceil(actors / 2) };
  if (actors > 1) yield { ...options, actors: actors - 1 };
  if (nodes > 1) yield { ...options, nodes: nodes - 1 };
  for (const fault of faults) yield { ...options, faults: faults.difference(new Set([fault])) };
}

function isLike({ failure }: Report, { failure: first }: Report): boolean {
  if (failure instanceof Violation && first instanceof Violation) return failure.invariant === first.invariant;
  return failure instanceof Error && first instanceof Error && failure.message === first.message;
}

/** What is to be read of a run that failed: how to have it again, and all lines about what failed. */
export function describeFailure({ seed, options, steps, failure, lines }: Report): string {
  const { nodes, actors, faults } = options;
  return [
    `seed ${seed}: ${failure instanceof Error ? failure.stack : failure}`,
    `after ${steps} steps with ${nodes} nodes, ${actors} actors and these faults: ${[...faults].join(", ")}`,
    ...about(lines()),
  ].join("\n");
}

/** The last lines, and before them those of the same tokens, grants and calls. */
function about(lines: readonly string[]): readonly string[] {
  const last = /#\d+ /.exec(lines.at(-1) ?? "")?.[0] ?? "none";
  const call = lines.filter((line) => line.includes(last));
  const names = new Set([last, ...call.flatMap(namesIn)]);
  const related = lines.filter((line) => [...names].some((name) => line.includes(name)));
  return [...new Set([...related.slice(-SHOWN), ...lines.slice(-10)])];
}

/** The ends of tokens, handles and families in a line. */
function namesIn(line: string): readonly string[] {
  return line.match(/…[\w-]{12}|(?<![\w-])[\w-]{43}(?![\w-])|(?<![\w-])[\w-]{22}(?![\w-])/g) ?? [];
}
