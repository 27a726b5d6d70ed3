import { setTimeout as delay } from "node:timers/promises";
import type { Comparison } from "../comparison.ts";
import type { Contender } from "../contender.ts";
import { untilAnswering } from "../services/listening.ts";
import { Home } from "../services/mintmark.ts";
import { stop } from "../services/process.ts";
import { launchProgram } from "../services/program.ts";

/** How long after a stop the next start comes, in milliseconds: an earlier one also waits for the last run's clock. */
const GAP = 1_100;

/** A start of mintmark with a store, a configuration and a compile cache that are there. */
export function startOf(name: string, configuration?: object): Contender {
  return {
    name,
    open: async (options) => {
      const home = new Home(options, configuration);
      await (await home.start()).stop();
      return { measure: () => measureStart(() => home.launch()), close: async () => home.remove() };
    },
  };
}

const emptyListener: Contender = {
  name: "node:http",
  open: async () => ({
    measure: () => measureStart(() => launchProgram("baselines/node-http.ts")),
    close: async () => undefined,
  }),
};

/** From the start of a process until it answers a request. */
export const startWorkloads: readonly Comparison[] = [
  {
    name: "start",
    unit: "ms",
    subject: startOf("mintmark"),
    baselines: [{ contender: emptyListener, bound: { atMost: 4 } }],
  },
];

async function measureStart(launch: () => ReturnType<typeof launchProgram>): Promise<number> {
  await delay(GAP);
  const start = performance.now();
  const { child, port } = await launch();
  const milliseconds = await untilAnswering(child, port, start);
  await stop(child);
  return milliseconds;
}
