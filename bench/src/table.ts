import { isMet, type Row } from "./comparison.ts";
import type { Spread } from "./statistics.ts";

const HEAD = ["workload", "measured", "value", "baseline", "its value", "ratio (min–max)", "bound", "met"];

/** The rows as a table in Markdown, whose columns stand below each other. */
export function tableOf(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head, ...others] = lines.map(format);
  return [head, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...others].join("\n");
}

function cellsOf(row: Row): readonly string[] {
  const { workload, subject, unit, value, baseline, baselineValue, ratio } = row;
  const met = isMet(row);
  return [
    ...[workload, subject, amount(value, unit), baseline, amount(baselineValue, unit), spread(ratio)],
    ...[boundOf(row), met === undefined ? "" : met ? "yes" : "no"],
  ];
}

function amount({ median }: Spread, unit: string): string {
  return `${short(median)} ${unit}`;
}

function spread({ median, min, max }: Spread): string {
  return `${short(median)} (${short(min)}–${short(max)})`;
}

function boundOf({ bound }: Row): string {
  if (bound === undefined) return "";
  return "atLeast" in bound ? `≥ ${bound.atLeast}` : `≤ ${bound.atMost}`;
}

/** Three digits, or all of those before the point. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
