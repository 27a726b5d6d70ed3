/**
 * Runs the simulation, and the proofs of a token's life, for longer than a test may take: `--seconds N` (60 unless
 * given) and `--seed S` (drawn unless given). Prints what it did, and exits with 1 where a proof fails; its seed then
 * shows the same again, but for what depends on the moment of a crash.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { type CrashCounts, crash } from "../test/proofs/crash.ts";
import { lifeProperty } from "../test/proofs/life.ts";
import { soakSimulation } from "../test/simulation/soak.ts";
import { tidyUp } from "../test/support/at-end.ts";
import { type NamedStore, stores } from "../test/support/stores.ts";

/** How many steps a life has at most; fewer if each goes over a network. */
const stepsOn = ({ isFar }: NamedStore) => (isFar ? 30 : 80);

/** How long one life, or the search for a shorter one that fails too, may take, in milliseconds: only what hangs does. */
const LIFE_LIMIT = 120_000;

/** How many crashes one folder sees, so that the look at all that it was told stays short. */
const CRASHES = 4;

function readNumber(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} must be a whole number, at most 999999999`);
  return Number(text);
}

/** Proves one life after the other, at least one however slow the store is. */
async function soakLife(kind: NamedStore, seed: number, milliseconds: number): Promise<void> {
  const property = lifeProperty(kind, stepsOn(kind));
  const deadline = performance.now() + milliseconds;
  let lives = 0;
  for (; lives === 0 || performance.now() < deadline; lives++) {
    const details = await fc.check(property, {
      seed: seed + lives,
      numRuns: 1,
      interruptAfterTimeLimit: LIFE_LIMIT,
    });
    if (details.failed) throw new Error(`life on ${kind.name}: ${fc.defaultReportMessage(details)}`);
  }
  console.log(`life on ${kind.name}: ${lives} lives`);
}

async function soakCrashes(seed: number, milliseconds: number): Promise<void> {
  const deadline = performance.now() + milliseconds;
  const total = { crashes: 0, grants: 0, refreshTokens: 0, inFlight: 0 } satisfies CrashCounts;
  for (let folder = 0; folder === 0 || performance.now() < deadline; folder++) {
    const counts = await crash(CRASHES, `${seed} ${folder}`);
    for (const name of Object.keys(total) as (keyof CrashCounts)[]) total[name] += counts[name];
  }
  const { crashes, grants, refreshTokens, inFlight } = total;
  console.log(
    `crash: ${crashes} crashes, ${grants} grants, ${refreshTokens} refresh tokens, ${inFlight} refreshes in flight`,
  );
}

const { values } = parseArgs({ options: { seconds: { type: "string" }, seed: { type: "string" } } });
const seconds = readNumber("seconds", values.seconds, 60);
const seed = readNumber("seed", values.seed, randomInt(1_000_000_000));
// The simulation has half of the time.
const half = (seconds * 1000) / 2;
const share = half / (stores.length + 1);

console.log(`soak: ${seconds} s, seed ${seed}`);
try {
  const bounds = { milliseconds: half, seeds: Number.POSITIVE_INFINITY, shrinks: true };
  console.log(String(await soakSimulation(seed, bounds)));
  for (const kind of stores) await soakLife(kind, seed, share);
  await soakCrashes(seed, share);
} catch (error) {
  console.error(error);
  console.error(`soak: failed with --seconds ${seconds} --seed ${seed}`);
  process.exitCode = 1;
} finally {
  await tidyUp();
}
