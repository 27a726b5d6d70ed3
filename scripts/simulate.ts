/**
 * Runs seeds of the simulation: `--seed S` (1 unless given) and `--seeds N` from it on (1 unless given). Exits with 1
 * where one breaks a promise, and shows the shortest run of it that can be found; `--as-found`: the run as it was.
 */
import { parseArgs } from "node:util";
import { soakSimulation } from "../test/simulation/soak.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    "as-found": { type: "boolean", default: false },
  },
});
const bounds = { seeds: Number(values.seeds), milliseconds: Number.POSITIVE_INFINITY, shrinks: !values["as-found"] };
try {
  console.log(String(await soakSimulation(Number(values.seed), bounds)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
