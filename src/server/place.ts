import type { Config } from "../config/config.ts";
import type { Role } from "../store/options.ts";
import type { Listener } from "../telemetry/events.ts";
import type { Metrics } from "../telemetry/metrics/index.ts";
import { tryAddresses } from "./bind.ts";
import type { Health } from "./health.ts";
import type { Job } from "./jobs.ts";
import { openManagement } from "./management.ts";
import type { Platform } from "./platform.ts";

/** What a service tells of itself. */
export interface Told {
  readonly health: Health;
  readonly metrics: Metrics;
  readonly listener: Listener;
}

/** Whether a service is all there is, or one of several workers, which leave some things to others. */
export interface Place {
  /** Makes its clock; undefined: it has one to itself. */
  readonly clock: Platform["clock"] | undefined;
  /** The role that other processes on the same store learn of; undefined: another process tells them. */
  readonly role: Role | undefined;
  /** Whether another process does a job now. */
  isElsewhere(job: Job): boolean;
  /** Makes known what the service tells of itself, before it opens its store. Resolves to the management port. */
  manage(config: Config, told: Told, open: AsyncDisposableStack): Promise<number>;
}

/** A service that is all there is. */
export const alone: Place = {
  clock: undefined,
  role: "server",
  isElsewhere: () => false,
  async manage(config, told, open) {
    await tryAddresses(config);
    return openManagement(config, told, open);
  },
};
