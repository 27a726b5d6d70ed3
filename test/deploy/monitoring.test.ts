import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { documentedMetrics } from "../support/documented-metrics.ts";

const read = (name: string) => readFileSync(join(import.meta.dirname, "../../deploy", name), "utf8");

/** A metric, or the labels of an expression as a whole, which aggregations name. */
interface Use {
  readonly metric: string | undefined;
  readonly labels: readonly string[];
}

/** Prometheus' own metric, and the labels that it gives to each target. */
const OF_PROMETHEUS = { metrics: ["up"], labels: ["instance", "job"] };

/** Words that are no metric: operators, and aggregations whose labels come first. */
const WORDS = new Set(["and", "bool", "or", "unless", "avg", "count", "max", "min", "sum"]);

/** Words before a list of labels. */
const LISTS = new Set(["by", "group_left", "group_right", "ignoring", "on", "without"]);

/** The metrics of a PromQL expression, each with the labels of its selector, and the labels that it groups by. */
function usesIn(expression: string): readonly Use[] {
  const plain = expression.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/\[[^\]]*\]/g, "");
  const tokens = plain.matchAll(/(?<name>[a-zA-Z_][\w:]*)\s*(?<after>\([^()]*\)|\(|\{[^}]*\})?/g);
  return [...tokens].flatMap(({ groups: { name = "", after = "" } = {} }): Use | Use[] => {
    if (LISTS.has(name)) return { metric: undefined, labels: after.match(/\w+/g) ?? [] };
    if (after.startsWith("(") && !after.endsWith(")")) return [];
    // A call without parentheses inside: what it is applied to is an expression of its own.
    if (after.startsWith("(")) return [...usesIn(after.slice(1, -1))];
    if (WORDS.has(name)) return [];
    return { metric: name, labels: [...after.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label) };
  });
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}
const rules: readonly Rule[] = parse(read("alerts.yaml")).groups.flatMap((group: { rules: Rule[] }) => group.rules);

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
const dashboard: {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly query: string }[] };
} = JSON.parse(read("grafana.json"));

/** Every expression, by where it stands, with the text that quotes its labels. */
const expressions: readonly [string, string, string][] = [
  ...rules.map(({ alert, expr, annotations }): [string, string, string] => [
    alert,
    expr,
    JSON.stringify(annotations).replaceAll("$labels.", ""),
  ]),
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }): [string, string, string] => [title, expr, legendFormat]),
  ),
];

/** The labels of each time series that Prometheus has. */
const served = new Map<string, ReadonlySet<string>>([
  ...OF_PROMETHEUS.metrics.map((name): [string, Set<string>] => [name, new Set(OF_PROMETHEUS.labels)]),
  ...[...documentedMetrics].flatMap(([name, { type, labels }]) => {
    const all = [...OF_PROMETHEUS.labels, ...labels];
    if (type !== "histogram") return [[name, new Set(all)]] satisfies [string, Set<string>][];
    return ["bucket", "count", "sum"].map((part): [string, Set<string>] => [
      `${name}_${part}`,
      new Set(part === "bucket" ? [...all, "le"] : all),
    ]);
  }),
]);

describe("what the monitoring asks for is there", () => {
  it.each(expressions)("%s", (_, expression, text) => {
    const uses = usesIn(expression);
    const metrics = uses.flatMap(({ metric }) => metric ?? []);
    expect(metrics).not.toEqual([]);
    expect(metrics.filter((metric) => !served.has(metric))).toEqual([]);
    const labels = new Set(metrics.flatMap((metric) => [...(served.get(metric) ?? [])]));
    for (const { metric, labels: asked } of uses) {
      const known = metric === undefined ? labels : served.get(metric);
      expect(
        asked.filter((label) => !known?.has(label)),
        metric,
      ).toEqual([]);
    }
    const quoted = [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label = ""]) => label);
    expect(quoted.filter((label) => !labels.has(label))).toEqual([]);
  });

  it("in the dashboard's variables", () => {
    const asked = dashboard.templating.list.flatMap(({ query }) => [
      ...query.matchAll(/^label_values\((?<metric>\w+), (?<label>\w+)\)$/g),
    ]);
    expect(asked).toHaveLength(2);
    for (const { groups: { metric = "", label = "" } = {} } of asked) expect(served.get(metric)).toContain(label);
  });

  it("and every metric is asked for", () => {
    const all = expressions.map(([, expression]) => expression).join("\n");
    expect([...documentedMetrics.keys()].filter((name) => !all.includes(name))).toEqual([]);
  });
});

describe("the metrics in an expression", () => {
  it.each<[string, readonly Use[]]>([
    ['up{job="a"} == 0', [{ metric: "up", labels: ["job"] }]],
    [
      'sum by (le, a) (rate(b_bucket{c=~"d{e}",f!=""}[5m])) > 1',
      [
        { metric: undefined, labels: ["le", "a"] },
        { metric: "b_bucket", labels: ["c", "f"] },
      ],
    ],
    [
      "time() - max(a) unless on (b) c",
      [
        { metric: "a", labels: [] },
        { metric: undefined, labels: ["b"] },
        { metric: "c", labels: [] },
      ],
    ],
  ])("%s", (expression, uses) => expect(usesIn(expression)).toEqual(uses));
});
