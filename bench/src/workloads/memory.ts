import { setTimeout as delay } from "node:timers/promises";
import type { Comparison } from "../comparison.ts";
import type { Contender } from "../contender.ts";
import { driveHttp, type HttpLoad } from "../load/http.ts";
import { ES256 } from "../services/configuration.ts";
import { startMintmark } from "../services/mintmark.ts";
import { memoryOf } from "../services/usage.ts";
import { mints } from "./requests.ts";

/** How many tokens are minted in all rounds together. */
const MINTS = { short: 30_000, long: 1_000_000 };

/** The memory after the warm-up. */
let before = Number.NaN;

const later: Contender = {
  name: "mintmark",
  open: async (options) => {
    const service = await startMintmark(options);
    const load: HttpLoad = { ...mints(ES256), port: service.port, connections: options.connections };
    const block = MINTS[options.long ? "long" : "short"] / options.pairs;
    const mint = async (wanted: number) => {
      let minted = 0;
      while (minted < wanted) minted += (await driveHttp(load, 1)).rate;
      // What is garbage by then may go.
      await delay(500);
      return memoryOf(service.pid);
    };
    before = await mint(block);
    return { measure: () => mint(block), close: service.stop };
  },
};

const earlier: Contender = {
  name: "before them",
  open: async () => ({ measure: async () => before, close: async () => undefined }),
};

/** The memory of mintmark while it mints. */
export const memoryWorkloads: readonly Comparison[] = [
  { name: "memory", unit: "MB", subject: later, baselines: [{ contender: earlier, bound: { atMost: 1.15 } }] },
];
