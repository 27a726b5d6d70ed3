import { readFile } from "node:fs/promises";
import { thisMachine } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { fraction, systemRandom } from "../../base/random.ts";
import { ClockKeeper } from "../../base/shared-clock.ts";
import type { Config } from "../../config/config.ts";
import type { ConfigContext } from "../../config/load.ts";
import { announceServer } from "../../store/index.ts";
import type { Emit } from "../../telemetry/events.ts";
import { heardByAll } from "../../telemetry/listeners.ts";
import { EventLog } from "../../telemetry/log.ts";
import { tryAddresses } from "../bind.ts";
import type { Files } from "../file-watch.ts";
import { Jobs } from "../jobs.ts";
import { openManagement } from "../management.ts";
import { openMetrics } from "../metrics.ts";
import { Reloader } from "../reloader.ts";
import type { Service } from "../service.ts";
import { shareClock, sharedMachine } from "./clock.ts";
import { WorkersConfiguration } from "./configuration.ts";
import { WorkersHealth } from "./health.ts";
import { WorkersMetrics } from "./metrics.ts";
import { prepareProcesses } from "./processes.ts";
import { Supervisor } from "./supervisor.ts";

/** What the primary starts with. */
interface PrimaryParts {
  readonly config: Config;
  /** What it was loaded from, to read it again. */
  readonly sources: ConfigContext;
  /** The files that it was read from. */
  readonly files: Files;
  /** How many workers there are. */
  readonly count: number;
  readonly logger: Logger;
}

/**
 * Starts a mint with several workers, each of which is a node in a process of its own. This process, their primary,
 * supervises them, and answers for all of them on the management port. Throws as `startService` does if no worker can
 * start.
 */
export async function startPrimary({ config, sources, files, count, logger }: PrimaryParts): Promise<Service> {
  const startProcess = prepareProcesses();
  const machine = thisMachine;
  const own = openMetrics(config, logger);
  const log = new EventLog(logger, machine.elapsed);
  const listener = heardByAll([log.listen, own.listen], logger);
  const metrics = new WorkersMetrics(own);
  const configuration = new WorkersConfiguration(files);
  const clock = shareClock(config)
    ? new ClockKeeper(sharedMachine, (curve) => supervisor.tellAll({ kind: "curve", curve }))
    : undefined;
  const supervisor: Supervisor = new Supervisor({
    count,
    startProcess,
    machine,
    introduction: (number) => ({ number, ...configuration.introduce(number), time: clock?.commonTime() }),
    ready: configuration.catchUp,
    clockSetBack: (setBack) => clock?.hear(setBack),
    ended: metrics.noteEnd,
    logger,
  });
  const { workers } = supervisor;
  const health = new WorkersHealth(supervisor);
  // Closes in reverse order.
  const open = new AsyncDisposableStack();
  try {
    open.defer(() => own.close());
    open.defer(() => log.report());
    await tryAddresses(config);
    const scrape = (accept: string | undefined) => metrics.scrape(workers, accept);
    const managementPort = await openManagement(config, { health, metrics: { scrape }, listener }, open);
    if (clock !== undefined) open.defer(clock.watch());
    const served = open.use(new DisposableStack());
    open.defer(() => supervisor.stop());
    const ports = await supervisor.start();
    served.defer(announceServer(config.store, { listener, logger }));
    const jobs = new Jobs({ machine, fraction: () => fraction(systemRandom), logger });
    open.defer(() => jobs.stop());

    // Each worker tells of what it has reloaded.
    const emit: Emit = (notice) => (notice.event === "reload_refused" ? listener : own.listen)(notice);
    const reloader = new Reloader({
      config,
      sources,
      readFile: (path) => readFile(path, "utf8"),
      apply: (_next, _running, asked) => configuration.reload(asked, workers),
      emit,
      logger,
    });
    open.defer(() => reloader.stop());
    if (config.reloadOnChange || config.tls !== undefined) jobs.start(reloader.job);
    health.begin([reloader.check]);
    open.defer(() => health.stop());

    const reread: Service["reread"] = (...asked) => reloader.reload(...asked);
    const reopenAudit = () => configuration.reopenAudits(workers);
    const reload = async () => void (await Promise.all([reopenAudit(), reread("SIGHUP")]));
    const close = () => open.disposeAsync();
    return { ...ports, managementPort, publicUrl: config.publicUrl, reload, reread, reopenAudit, close };
  } catch (error) {
    await open.disposeAsync();
    throw error;
  }
}
