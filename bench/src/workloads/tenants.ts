import { setTimeout as delay } from "node:timers/promises";
import type { Comparison } from "../comparison.ts";
import type { Contender } from "../contender.ts";
import { manyTenants } from "../services/configuration.ts";
import { Home } from "../services/mintmark.ts";
import { cpuOf, memoryOf } from "../services/usage.ts";
import { startOf } from "./start.ts";

/** How the cost of a node that does nothing grows with its tenants. */
export const tenantWorkloads: readonly Comparison[] = [100, 10_000].flatMap((count) => [
  grown(`start-${count}-tenants`, "ms", (tenants) => startOf(nameOf(tenants), manyTenants(tenants)), count),
  grown(`memory-${count}-tenants`, "MB", memory, count),
  grown(`polls-${count}-tenants`, "ms", polls, count),
]);

function grown(name: string, unit: "ms" | "MB", contender: (tenants: number) => Contender, count: number): Comparison {
  return { name, unit, subject: contender(count), baselines: [{ contender: contender(1) }] };
}

function nameOf(tenants: number): string {
  return tenants === 1 ? "1 tenant" : `${tenants} tenants`;
}

/** The memory of a node that has just started. */
function memory(tenants: number): Contender {
  return {
    name: nameOf(tenants),
    open: async (options) => {
      const home = new Home(options, manyTenants(tenants));
      await (await home.start()).stop();
      const measure = async () => {
        const service = await home.start();
        const megabytes = memoryOf(service.pid);
        await service.stop();
        return megabytes;
      };
      return { measure, close: async () => home.remove() };
    },
  };
}

/** The CPU time that a node takes each second if it reads the keys of its tenants once a second, in milliseconds. */
function polls(tenants: number): Contender {
  return {
    name: nameOf(tenants),
    open: async (options) => {
      const home = new Home(options, manyTenants(tenants, "1s"));
      const service = await home.start();
      const measure = async (seconds: number) => {
        const before = cpuOf(service.pid);
        await delay(1000 * seconds);
        return (cpuOf(service.pid) - before) / seconds;
      };
      const close = async () => {
        await service.stop();
        home.remove();
      };
      return { measure, close };
    },
  };
}
