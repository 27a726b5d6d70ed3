import type { AddressInfo } from "node:net";
import { setImmediate, setTimeout } from "node:timers/promises";
import { thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { REPORT_EVERY } from "../engine/clients/refusal-counts.ts";
import { createGateway, createHttpServer } from "../http/gateway.ts";
import { registerConnect } from "../rpc/connect.ts";
import { createGrpcServer } from "../rpc/grpc.ts";
import { clientServices, operatorServices, rpcServices, withStandardServices } from "../rpc/services.ts";
import { EventLog } from "../telemetry/log.ts";
import { listening } from "./bind.ts";
import { Health } from "./health.ts";
import { Jobs } from "./jobs.ts";
import { type Node, openNode } from "./node.ts";
import { thisPlatform } from "./platform.ts";
import { openConfiguredStore, openSealer } from "./stores.ts";

/** How long what is in flight may take to end once the service closes, in milliseconds. */
const CLOSE_GRACE = 10_000;

/** How long a check of health may take, in milliseconds. */
const CHECK_LIMIT = 2_000;

/** A running mint. */
export interface Service {
  /** Where clients find the gateway. */
  readonly publicUrl: string;
  readonly httpPort: number;
  readonly rpcPort: number;
  /** Of the operators' own listener; undefined if there is none. */
  readonly operatorPort: number | undefined;
  /** Stops accepting, lets what is in flight end, and closes the store. */
  close(): Promise<void>;
}

/**
 * Starts a mint: configuration -> store -> keyrings -> engine -> doors. Throws ConfigError, StoreUnavailableError,
 * StoreUnusableError or SealError if it cannot; nothing is left open then.
 */
export async function startService(config: Config, logger: Logger): Promise<Service> {
  const { httpAddress, rpcAddress, operatorAddress, publicUrl, trustedProxies } = config;
  const store = await openConfiguredStore(config, logger, { role: "server" });
  const jobs = new Jobs(logger);
  const log = new EventLog(logger, thisMachine.elapsed);
  const doors: (() => Promise<void>)[] = [];
  let node: Node | undefined;
  let health: Health | undefined;
  const close = async () => {
    health?.stop();
    // Whoever watches is told before the doors close.
    await setImmediate();
    await Promise.all(doors.map((shut) => shut()));
    await jobs.stop();
    await node?.close();
    log.report();
    await store.close();
  };
  try {
    const platform = thisPlatform(openSealer(config));
    const tenants = config.tenants.values();
    node = await openNode({ settings: config, tenants, store, platform, logger, listener: log.listen });
    await node.pollKeys();
    const { elapsed } = thisMachine;
    health = new Health({
      checks: node.checks,
      elapsed,
      tooLong: () => setTimeout(CHECK_LIMIT, undefined, { ref: false }),
      logger,
    });
    for (const job of [...node.jobs, health.job]) jobs.start(job);
    jobs.start({ name: "report events", every: REPORT_EVERY, run: async () => log.report() });

    const { engine } = node;
    const tls = config.tls && { cert: Buffer.from(config.tls.certificate), key: Buffer.from(config.tls.key) };
    const http = { logger, closeGrace: CLOSE_GRACE, trustedProxies, tls };
    const own = operatorAddress === undefined ? rpcServices(engine) : clientServices(engine);
    const services = withStandardServices(own, health);

    const gateway = createGateway({ engine, publicUrl, ...http });
    registerConnect(gateway, services, logger);
    doors.push(() => gateway.close());
    await listening("HTTP", httpAddress, (address) => gateway.listen({ ...address }));

    const grpc = createGrpcServer({ services, logger, tls, trustedProxies });
    doors.push(() => grpc.close(CLOSE_GRACE));
    const rpcPort = await listening("RPC", rpcAddress, ({ host, port }) => grpc.listen(host, port));
    const opened = { publicUrl, httpPort: portOf(gateway.server.address()), rpcPort, close };
    if (operatorAddress === undefined) return { ...opened, operatorPort: undefined };

    const operators = createHttpServer(http);
    registerConnect(operators, withStandardServices(operatorServices(engine), health), logger);
    doors.push(() => operators.close());
    await listening("OPERATOR", operatorAddress, (address) => operators.listen({ ...address }));
    return { ...opened, operatorPort: portOf(operators.server.address()) };
  } catch (error) {
    await close();
    throw error;
  }
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}
