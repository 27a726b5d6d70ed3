import { expect, it } from "vitest";
import { type Comparison, compare, isMet } from "../../bench/src/comparison.ts";
import type { Contender } from "../../bench/src/contender.ts";
import { readOptions } from "../../bench/src/options.ts";
import { tableOf } from "../../bench/src/table.ts";

const told: string[] = [];

/** A contender whose measurements are these. */
function contender(name: string, values: readonly number[]): Contender {
  return {
    name,
    open: async () => {
      const left = values.values();
      const measure = async () => {
        told.push(name);
        return left.next().value ?? Number.NaN;
      };
      return { measure, close: async () => void told.push(`close ${name}`) };
    },
  };
}

const comparison: Comparison = {
  name: "some-work",
  unit: "/s",
  subject: contender("mintmark", [0, 100, 300, 200]),
  baselines: [
    { contender: contender("plain", [0, 1000, 1000, 1000]), bound: { atLeast: 0.25 } },
    { contender: contender("signer", [0, 200, 300, 200]), bound: { atMost: 1 } },
  ],
  peers: [contender("peer", [0, 50, 50, 100])],
};

it("measures in turn, and divides the measurements of each round", async () => {
  const rows = await compare(comparison, readOptions(["--pairs", "3"]));
  const round = ["mintmark", "plain", "signer", "peer"];
  expect(told).toEqual([...round, ...round, ...round, ...round, ...round.map((name) => `close ${name}`)]);
  expect(rows.map(({ subject, baseline, ratio }) => [subject, baseline, ratio])).toEqual([
    ["mintmark", "plain", { median: 0.2, min: 0.1, max: 0.3 }],
    ["mintmark", "signer", { median: 1, min: 0.5, max: 1 }],
    ["peer", "plain", { median: 0.05, min: 0.05, max: 0.1 }],
  ]);
  expect(rows.map(isMet)).toEqual([false, true, undefined]);
  expect(tableOf(rows)).toMatchInlineSnapshot(`
    "| workload  | measured | value   | baseline | its value | ratio (min–max)       | bound  | met |
    | --------- | -------- | ------- | -------- | --------- | --------------------- | ------ | --- |
    | some-work | mintmark | 200 /s  | plain    | 1000 /s   | 0.200 (0.100–0.300)   | ≥ 0.25 | no  |
    | some-work | mintmark | 200 /s  | signer   | 200 /s    | 1.00 (0.500–1.00)     | ≤ 1    | yes |
    | some-work | peer     | 50.0 /s | plain    | 1000 /s   | 0.0500 (0.0500–0.100) |        |     |"
  `);
});

it("leaves out other servers if it is told so", async () => {
  const rows = await compare(comparison, readOptions(["--pairs", "1", "--no-peers"]));
  expect(rows.map(({ subject }) => subject)).toEqual(["mintmark", "mintmark"]);
});
