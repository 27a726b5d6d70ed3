import type { Contender, OpenContender } from "./contender.ts";
import type { Options } from "./options.ts";
import { type Spread, spreadOf } from "./statistics.ts";

/** A ratio that must be reached. */
export type Bound = { readonly atLeast: number } | { readonly atMost: number };

/** A baseline, and what the ratio to it must be, if anything. */
export interface Baseline {
  readonly contender: Contender;
  readonly bound?: Bound;
}

/** What is measured, in turn with what. */
export interface Comparison {
  /** What `--only` names. */
  readonly name: string;
  readonly unit: Unit;
  readonly subject: Contender;
  readonly baselines: readonly [Baseline, ...Baseline[]];
  /** What else is measured against the first baseline. */
  readonly peers?: readonly Contender[];
}

/** What a measurement counts. */
export type Unit = "/s" | "ms" | "MB";

/** A line of the table: a ratio, and what it comes from. */
export interface Row {
  readonly workload: string;
  readonly subject: string;
  readonly unit: Unit;
  readonly value: Spread;
  readonly baseline: string;
  readonly baselineValue: Spread;
  /** Of the pairs: each divides two measurements of one round. */
  readonly ratio: Spread;
  readonly bound?: Bound;
}

/**
 * Starts all contenders, then measures them in turn, in as many rounds as there are to be pairs. All are warmed up before.
 */
export async function compare(comparison: Comparison, options: Options): Promise<readonly Row[]> {
  const { subject, baselines } = comparison;
  const peers = options.peers ? (comparison.peers ?? []) : [];
  const contenders = [subject, ...baselines.map(({ contender }) => contender), ...peers];
  const opened: OpenContender[] = [];
  try {
    for (const contender of contenders) opened.push(await contender.open(options));
    for (const each of opened) await each.measure(options.warmUp);
    const rounds: number[][] = [];
    for (let round = 0; round < options.pairs; round += 1) {
      const values: number[] = [];
      for (const each of opened) values.push(await each.measure(options.seconds));
      rounds.push(values);
    }
    return rowsOf(comparison, contenders, rounds);
  } finally {
    for (const each of opened) await each.close();
  }
}

/** The rows of a comparison, from the measurements of each round in the order of the contenders. */
function rowsOf(
  { name: workload, unit, baselines, subject }: Comparison,
  contenders: readonly Contender[],
  rounds: readonly (readonly number[])[],
): readonly Row[] {
  const [first] = baselines;
  const row = (contender: Contender, { contender: against, bound }: Baseline): Row => {
    const values = measured(contender);
    const others = measured(against);
    return {
      workload,
      subject: contender.name,
      unit,
      value: spreadOf(values),
      baseline: against.name,
      baselineValue: spreadOf(others),
      ratio: spreadOf(values.map((value, round) => value / (others[round] ?? Number.NaN))),
      ...(bound && { bound }),
    };
  };
  const measured = (contender: Contender) => rounds.map((round) => round[contenders.indexOf(contender)] ?? Number.NaN);
  const peers = contenders.slice(1 + baselines.length);
  return [
    ...baselines.map((baseline) => row(subject, baseline)),
    ...peers.map((peer) => row(peer, { contender: first.contender })),
  ];
}

/** Whether the median of a row's ratios reaches its bound; undefined if it has none. */
export function isMet({ bound, ratio }: Row): boolean | undefined {
  if (bound === undefined) return undefined;
  return "atLeast" in bound ? ratio.median >= bound.atLeast : ratio.median <= bound.atMost;
}
