import { setImmediate } from "node:timers/promises";
import { thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { fraction } from "../base/random.ts";
import type { Config } from "../config/config.ts";
import type { ConfigContext } from "../config/load.ts";
import { REPORT_EVERY } from "../engine/clients/refusal-counts.ts";
import { Overload } from "../engine/limits/overload.ts";
import type { Engine } from "../engine/port.ts";
import { createGateway, createHttpServer } from "../http/gateway.ts";
import { registerConnect } from "../rpc/connect.ts";
import { createGrpcServer } from "../rpc/grpc.ts";
import { clientServices, operatorServices, rpcServices, withStandardServices } from "../rpc/services.ts";
import type { Listener } from "../telemetry/events.ts";
import { heardByAll } from "../telemetry/listeners.ts";
import { EventLog } from "../telemetry/log.ts";
import { spansOfRequests } from "../telemetry/spans.ts";
import { type Watcher, watchedByAll } from "../telemetry/watcher.ts";
import { openConfiguredAudit } from "./audit.ts";
import { listening } from "./bind.ts";
import { EventLoopLag } from "./event-loop-lag.ts";
import { Health } from "./health.ts";
import { Jobs } from "./jobs.ts";
import { CLOSE_GRACE, portOf } from "./management.ts";
import { observed, openMetrics } from "./metrics.ts";
import { openNode } from "./node.ts";
import { alone, type Place } from "./place.ts";
import { thisPlatform } from "./platform.ts";
import { openReloader, replaceable } from "./reload.ts";
import type { Reloader } from "./reloader.ts";
import { openSealer } from "./stores.ts";
import { type DoorsTls, openTls } from "./tls.ts";
import { tracedEngine, tracedParts } from "./traces.ts";
import { openWatchedStore, watchedPlatform } from "./watched.ts";

/** How long a health check may take, in milliseconds. */
const CHECK_LIMIT = 2_000;

/** A running mint. */
export interface Service {
  /** Where clients find the gateway. */
  readonly publicUrl: string;
  readonly httpPort: number;
  readonly rpcPort: number;
  /** The port of the operators' own listener; undefined if there is none. */
  readonly operatorPort: number | undefined;
  /** The port of `/livez`, `/readyz` and `/metrics`. */
  readonly managementPort: number;
  /**
   * Opens the audit's file anew, and reads the configuration again: runs on with it or, if it cannot be used, with the one
   * before it.
   */
  reload(): Promise<void>;
  /** Only reads it again; resolves to why that cannot be used, one line each. */
  readonly reread: Reloader["reload"];
  /** Only opens the audit's file anew. */
  reopenAudit(): Promise<void>;
  /** Serves on for the configured delay, accepts no more requests then, lets those in flight end, and closes the store. */
  close(): Promise<void>;
}

/**
 * Starts a mint: configuration -> store -> keyrings -> engine -> doors. The management port answers from the beginning:
 * the process is alive, and is ready once all doors are open. If the start fails, closes everything and throws
 * ConfigError, StoreUnavailableError, StoreUnusableError or SealError.
 *
 * `sources`: what the configuration was loaded from, to read it again. `place`: what is left to other processes.
 */
export async function startService(
  config: Config,
  sources: ConfigContext,
  logger: Logger,
  place: Place = alone,
): Promise<Service> {
  const { elapsed, after } = thisMachine;
  const tooLong = () => new Promise<void>((resolve) => after(CHECK_LIMIT, resolve));
  const health = new Health({ elapsed, tooLong, logger });
  // Closes in reverse order.
  const open = new AsyncDisposableStack();
  try {
    const metrics = openMetrics(config, logger);
    open.defer(() => metrics.close());
    const log = new EventLog(logger, elapsed);
    open.defer(() => log.report());
    const audit = await openConfiguredAudit(config.audit, logger);
    open.defer(() => audit.close());
    const listener = heardByAll([log.listen, metrics.listen, ...audit.listeners], logger);
    const managementPort = await place.manage(config, { health, metrics, listener }, open);
    const store = await openWatchedStore(config, logger, listener, metrics.meter, place.role);
    open.defer(() => store.close());
    const sealer = replaceable(openSealer(config));
    const platform = watchedPlatform(thisPlatform(sealer, place.clock), metrics.meter);
    const lag = new EventLoopLag(thisMachine);
    open.defer(lag.start());
    const { admit } = new Overload(config.overload, lag.read);
    const told = { listener, recorder: audit.recorder };
    const node = await openNode({ settings: config, file: config, store, platform, ...told, ...tracedParts, admit });
    open.defer(() => node.close());
    await node.pollKeys();
    const tls = openTls(config, logger);
    metrics.observe(observed(node, tls, audit));
    const { machine, random } = platform;
    const { isElsewhere } = place;
    const jobs = new Jobs({ machine, fraction: () => fraction(random), logger, isElsewhere });
    open.defer(() => jobs.stop());
    for (const job of [...node.jobs, health.job]) jobs.start(job);
    jobs.start({ name: "report events", every: REPORT_EVERY, run: async () => log.report() });

    const reloader = openReloader({ config, sources, node, jobs, store, sealer, tls, emit: listener, logger }, open);
    const watcher = watchedByAll([spansOfRequests, metrics.watcher]);
    const ports = await openDoors(config, { engine: tracedEngine(node.engine), health, listener, watcher, tls }, open);
    health.begin([...node.checks, reloader.check, ...audit.checks]);
    open.defer(() => stopBeingReady(health, config.shutdownDelay));
    // Neither waits for the other: an audit that cannot be written must not keep a client from being disabled.
    const reload = async () => void (await Promise.all([audit.reopen(), reloader.reload("SIGHUP")]));
    const again = { reload, reread: reloader.reload.bind(reloader), reopenAudit: audit.reopen };
    return { ...ports, ...again, managementPort, publicUrl: config.publicUrl, close: () => open.disposeAsync() };
  } catch (error) {
    await open.disposeAsync();
    throw error;
  }
}

/** Lets watchers know before the doors close, and load balancers have time to send requests elsewhere. */
async function stopBeingReady(health: Health, delay: number): Promise<void> {
  health.stop();
  await (delay === 0 ? setImmediate() : thisMachine.sleep(delay));
}

/** What the doors need. `listener` and `watcher` are told of their requests. */
interface DoorParts {
  readonly engine: Engine;
  readonly health: Health;
  readonly listener: Listener;
  readonly watcher: Watcher;
  readonly tls: DoorsTls | undefined;
}

/** Opens the doors. They close together. */
async function openDoors(
  config: Config,
  { engine, health, tls, ...told }: DoorParts,
  open: AsyncDisposableStack,
): Promise<Pick<Service, "httpPort" | "rpcPort" | "operatorPort">> {
  const { httpAddress, rpcAddress, operatorAddress, publicUrl, mtlsUrl, trustedProxies } = config;
  const doors: (() => Promise<void>)[] = [];
  open.defer(async () => void (await Promise.all(doors.map((shut) => shut()))));
  const http = { ...told, publicUrl, mtlsUrl, closeGrace: CLOSE_GRACE, trustedProxies, isStopping: health.isStopping };
  const own = operatorAddress === undefined ? rpcServices(engine) : clientServices(engine);
  const services = withStandardServices(own, health);

  const gateway = createGateway({ engine, ...http, tls: tls?.http });
  registerConnect(gateway, services);
  doors.push(() => gateway.close());
  await listening("HTTP", httpAddress, (address) => gateway.listen({ ...address }));

  const publicUrls = mtlsUrl === undefined ? [publicUrl] : [publicUrl, mtlsUrl];
  const grpc = createGrpcServer({ services, ...told, tls: tls?.rpc, publicUrls, trustedProxies });
  doors.push(() => grpc.close(CLOSE_GRACE));
  const rpcPort = await listening("RPC", rpcAddress, ({ host, port }) => grpc.listen(host, port));
  const ports = { httpPort: portOf(gateway.server.address()), rpcPort };
  if (operatorAddress === undefined) return { ...ports, operatorPort: undefined };

  const operators = createHttpServer({ ...http, tls: tls?.operator });
  registerConnect(operators, withStandardServices(operatorServices(engine), health));
  doors.push(() => operators.close());
  await listening("OPERATOR", operatorAddress, (address) => operators.listen({ ...address }));
  return { ...ports, operatorPort: portOf(operators.server.address()) };
}
