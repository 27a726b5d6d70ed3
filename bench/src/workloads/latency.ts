import type { Comparison } from "../comparison.ts";
import type { Contender } from "../contender.ts";
import { driveHttp, type HttpLoad } from "../load/http.ts";
import type { LatencySample } from "../load/latency.ts";
import { ES256 } from "../services/configuration.ts";
import { startMintmark } from "../services/mintmark.ts";
import { mints } from "./requests.ts";

/** What was last measured: the subject measures, and its baseline tells another number of the same answers. */
let latest: LatencySample | undefined;

const p99: Contender = {
  name: "mintmark, 99 %",
  open: async (options) => {
    const service = await startMintmark(options);
    const load: HttpLoad = { ...mints(ES256), port: service.port, connections: options.connections };
    await driveHttp(load, options.warmUp);
    const { rate } = await driveHttp(load, options.seconds);
    return {
      measure: async (seconds) => {
        latest = (await driveHttp({ ...load, rate: rate / 2 }, seconds)).latency;
        return latest.quantile(0.99);
      },
      close: service.stop,
    };
  },
};

const median: Contender = {
  name: "its median",
  open: async () => ({ measure: async () => latest?.quantile(0.5) ?? Number.NaN, close: async () => undefined }),
};

/** How long answers take at half of the highest rate. */
export const latencyWorkloads: readonly Comparison[] = [
  { name: "latency", unit: "ms", subject: p99, baselines: [{ contender: median, bound: { atMost: 3 } }] },
];
