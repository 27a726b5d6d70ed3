import { readFileSync } from "node:fs";

const PAGE = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");

/** A metric's type and its labels, sorted. */
export interface ListedMetric {
  readonly type: string;
  readonly labels: readonly string[];
}

const rows = PAGE.matchAll(/^\| `(?<name>(?:mintmark|http|rpc)_\w+)` \| (?<type>\w+) \| (?<labels>.+?) \| .+ \|$/gm);

/** Every metric that docs/operations.md lists, by its name. */
export const documentedMetrics: ReadonlyMap<string, ListedMetric> = new Map(
  Array.from(rows, ({ groups: { name = "", type = "", labels = "" } = {} }) => [
    name,
    { type, labels: labels.match(/\w+/g)?.toSorted() ?? [] },
  ]),
);
