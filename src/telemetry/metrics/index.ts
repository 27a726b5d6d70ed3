import type { Logger } from "../../base/logger.ts";
import type { Listener } from "../events.ts";
import type { Meter } from "../meter.ts";
import type { Watcher } from "../watcher.ts";
import { countEvents, type Known } from "./counters.ts";
import { createMeter, watchDurations } from "./durations.ts";
import { Instruments } from "./instruments.ts";
import { type ActiveKey, watchKeys } from "./keys.ts";
import { preferredFormat } from "./open-metrics.ts";
import { countLinesLost, describeBuild, type LinesLost, watchEventLoop } from "./process.ts";
import { watchCertificate, watchReloads } from "./reloads.ts";
import { type Unusable, watchUnusable } from "./unusable.ts";
import { type Snapshot, textOf } from "./workers.ts";

/** What metrics need. */
interface MetricsOptions {
  /** The version of this program. */
  readonly version: string;
  readonly logger: Logger;
  /** A monotonic reading in milliseconds. */
  readonly elapsed: () => number;
  /** Whether counters have a label for the client. */
  readonly clientLabel: boolean;
  /** The values that labels can have, besides tenants and clients. */
  readonly known: Pick<Known, "grantTypes" | "operations">;
}

/** The node that a process runs. */
export interface Observed {
  /** Its tenants and their clients, as they are configured now. */
  readonly registry: Pick<Known, "tenant" | "tenants">;
  activeKeys(): readonly ActiveKey[];
  /** When its certificate expires, in seconds since the Unix epoch; undefined if it has none. */
  certificateExpiry(): number | undefined;
  /** How many stored entries it cannot use. */
  unusable(): Unusable;
  /** How many lines each output has lost since the start; undefined for one that there is not. */
  linesLost(): LinesLost;
}

/** Until there is a node. */
const NOTHING: Observed = {
  registry: { tenant: () => undefined, tenants: () => [] },
  activeKeys: () => [],
  certificateExpiry: () => undefined,
  unusable: () => ({ tenant: 0, client: 0, keys: 0 }),
  linesLost: () => ({ log: 0, audit: undefined }),
};

/** What a scrape gets. */
interface Scraped {
  readonly contentType: string;
  readonly text: string;
}

/** The metrics of one process. */
export interface Metrics {
  /** Counts events. */
  readonly listen: Listener;
  readonly meter: Meter;
  /** Measures requests. */
  readonly watcher: Watcher;
  /** From now on labels can have the names of this node's tenants, and scrapes tell its keys. */
  observe(node: Observed): void;
  /** All metrics, in the format that an `Accept` prefers. */
  scrape(accept: string | undefined): Promise<Scraped>;
  /** All metrics, for {@link scrapeOfAll}. */
  snapshot(): Promise<Snapshot>;
  /** Stops to measure what is measured all the time. */
  close(): void;
}

/** Begins to measure. Nothing that it returns fails because something cannot be measured. */
export function createMetrics({ version, logger, elapsed, clientLabel, known }: MetricsOptions): Metrics {
  const instruments = new Instruments(logger);
  const watcher = watchDurations(instruments, elapsed);
  const meter = createMeter(instruments);
  let observed = NOTHING;
  const tenants = () => observed.registry.tenants();
  const tenant = (id: string) => observed.registry.tenant(id);
  const count = countEvents(instruments, { ...known, tenants, tenant }, clientLabel);
  const noteReload = watchReloads(instruments);
  watchKeys(instruments, () => observed.activeKeys());
  watchCertificate(instruments, () => observed.certificateExpiry());
  watchUnusable(instruments, () => observed.unusable());
  countLinesLost(instruments, () => observed.linesLost());
  describeBuild(instruments, version);
  const close = watchEventLoop(instruments, elapsed);
  return {
    listen(event) {
      count(event);
      noteReload(event);
    },
    meter,
    watcher,
    observe(node) {
      observed = node;
    },
    async scrape(accept) {
      return written(await instruments.text(), accept);
    },
    snapshot: () => instruments.snapshot(),
    close,
  };
}

/** The metrics of several processes as those of one, in the format that an `Accept` prefers. */
export async function scrapeOfAll(snapshots: readonly Snapshot[], accept: string | undefined): Promise<Scraped> {
  return written(await textOf(snapshots), accept);
}

function written(plain: string, accept: string | undefined): Scraped {
  const { contentType, write } = preferredFormat(accept);
  return { contentType, text: write(plain) };
}
