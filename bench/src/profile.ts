import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where the time of a process goes, and the code that it belongs to: the first that a path or a function's name matches. */
const AREAS: readonly (readonly [area: string, of: RegExp])[] = [
  ["signatures", /^src\/keyring\/algorithms|^node:internal\/crypto\/sig/],
  ["hashes, random bytes", /^node:(internal\/)?crypto|^src\/base\/random/],
  ["store", /^src\/store|^node:sqlite|mongodb|bson/],
  ["log, metrics, spans", /^src\/(telemetry|audit|management)|^src\/base\/line|pino|prom-client|opentelemetry/],
  ["sockets", /^node:(net|internal\/(stream_base_commons|streams\/writable))|^node:internal\/http2/],
  ["HTTP, RPC", /^node:(_http|http)|fastify|find-my-way|connectrpc|bufbuild|^src\/(http|rpc|wire|server)|^gen/],
  ["engine", /^src\/|zod/],
];
const [NOBODY, COLLECTOR] = ["others", "garbage collector"];

/** A share of the time that a process was busy. */
export interface Share {
  readonly area: string;
  /** From 0 to 1. */
  readonly share: number;
}

/** What `node --cpu-prof` writes, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** How long before each sample the last one was taken, in microseconds. */
  readonly timeDeltas: readonly number[];
}

/** Reads the profiles in a folder, and tells for each where the time went. `bundle`: the file that ran. */
export function readProfiles(folder: string, bundle: string): readonly (readonly Share[])[] {
  if (!existsSync(folder)) return [];
  const modules = modulesOf(readFileSync(bundle, "utf8"));
  return readdirSync(folder)
    .filter((name) => name.endsWith(".cpuprofile"))
    .map((name) => sharesOf(JSON.parse(readFileSync(join(folder, name), "utf8")) as CpuProfile, modules));
}

/**
 * Where the time of a profile went, the most first. What belongs to no area, such as a function of the language, counts
 * for that of its caller. The start and the warm-up are left out: the first half. `modules`: which module each line of
 * the bundle is of.
 */
export function sharesOf({ nodes, samples, timeDeltas }: CpuProfile, modules: readonly string[]): readonly Share[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const areas = new Map<number, string>();
  const visit = (id: number, caller: string) => {
    const { callFrame, children = [] } = byId.get(id) ?? { callFrame: { functionName: "", url: "", lineNumber: 0 } };
    const { functionName, lineNumber, url } = callFrame;
    const place = url.endsWith(".cjs") ? (modules[lineNumber] ?? "") : url;
    const own = AREAS.find(([, of]) => of.test(place))?.[0];
    const area = functionName === "(garbage collector)" ? COLLECTOR : (own ?? caller);
    areas.set(id, area);
    for (const child of children) visit(child, area);
  };
  const [root] = nodes;
  if (root !== undefined) visit(root.id, NOBODY);
  const times = new Map<string, number>();
  samples.forEach((id, index) => {
    if (index < samples.length / 2 || byId.get(id)?.callFrame.functionName === "(idle)") return;
    const area = areas.get(id) ?? NOBODY;
    times.set(area, (times.get(area) ?? 0) + (timeDeltas[index] ?? 0));
  });
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times].map(([area, time]) => ({ area, share: time / total })).sort((a, b) => b.share - a.share);
}

/** The shares on one line. */
export function inWords(shares: readonly Share[]): string {
  return shares.map(({ area, share }) => `${area} ${Math.round(100 * share)} %`).join(", ");
}

/** The module that each line of a bundle is of: esbuild writes its name above it. */
function modulesOf(bundle: string): readonly string[] {
  let current = "";
  return bundle.split("\n").map((line) => {
    current = /^\s*\/\/ ((?:src|gen|node_modules)\/\S+)/.exec(line)?.[1] ?? current;
    return current;
  });
}
