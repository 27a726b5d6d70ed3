import { parseArgs } from "node:util";

/** What is measured, and how. */
export interface Options {
  /** The workloads' names; undefined for all. */
  readonly only: readonly string[] | undefined;
  /** How long each measurement takes. */
  readonly seconds: number;
  /** How long each is used before it is measured: V8 compiles what is hot by and by. */
  readonly warmUp: number;
  /** How often each is measured, in turn with its baselines. */
  readonly pairs: number;
  readonly connections: number;
  /** Whether workloads that fill a store, or wait for memory, do so to the full: a million. */
  readonly long: boolean;
  /** Whether other OAuth2 servers are measured too. */
  readonly peers: boolean;
  /** Whether mintmark runs from its source rather than from the bundle. */
  readonly source: boolean;
  /** The store's URL; undefined for a new SQLite file. */
  readonly store: string | undefined;
  /** How many workers mintmark has: a number or `auto`; undefined for its default. */
  readonly workers: string | undefined;
  /** The folder for CPU profiles of mintmark; undefined for none. */
  readonly profile: string | undefined;
  /** The file for the results as JSON, if any. */
  readonly json: string | undefined;
}

/** Reads the command line. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      only: { type: "string", multiple: true },
      seconds: { type: "string", default: "1" },
      "warm-up": { type: "string", default: "5" },
      pairs: { type: "string", default: "7" },
      connections: { type: "string", default: "64" },
      long: { type: "boolean", default: false },
      peers: { type: "boolean", default: true },
      source: { type: "boolean", default: false },
      store: { type: "string" },
      workers: { type: "string" },
      profile: { type: "string" },
      json: { type: "string" },
    },
  });
  const { long, only, seconds, pairs, connections, peers, source, store, workers, profile, json } = values;
  return {
    only: only?.flatMap((names) => names.split(",")),
    seconds: positive("--seconds", seconds),
    warmUp: positive("--warm-up", values["warm-up"]),
    pairs: positive("--pairs", pairs),
    connections: positive("--connections", connections),
    ...{ long, peers, source, store, workers, profile, json },
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${name} must be a number above 0.`);
  return value;
}
