import { type AddressInfo, createServer } from "node:net";
import { thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { systemRandom } from "../base/random.ts";
import type { Config } from "../config/config.ts";
import { REPORT_EVERY } from "../engine/clients/refusal-counts.ts";
import { SecretVerifier } from "../engine/clients/secrets.ts";
import { createEngine } from "../engine/engine.ts";
import { UncertainRefreshes } from "../engine/tokens/uncertain-refreshes.ts";
import { createGateway, createHttpServer } from "../http/gateway.ts";
import { registerConnect } from "../rpc/connect.ts";
import { createGrpcServer } from "../rpc/grpc.ts";
import { clientServices, operatorServices, rpcServices } from "../rpc/services.ts";
import { logListener } from "../telemetry/log.ts";
import { listening } from "./bind.ts";
import { Jobs, RECONCILE_EVERY, SWEEP_EVERY, sweep } from "./jobs.ts";
import { openContexts, openTimedStore } from "./node.ts";

/** How long what is in flight may take to end once the service closes, in milliseconds. */
const CLOSE_GRACE = 10_000;

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
 * StoreUnusableError or SealError where it cannot; nothing is left open then.
 */
export async function startService(config: Config, logger: Logger): Promise<Service> {
  const { httpAddress, rpcAddress, operatorAddress } = config;
  const httpPort = httpAddress.port || (await listening("HTTP", httpAddress, ({ host }) => freePort(host)));
  const publicUrl = config.publicUrl(httpPort);
  const timed = await openTimedStore(config, logger, "server");
  const { store, clock } = timed;
  const doors: (() => Promise<void>)[] = [];
  const jobs = new Jobs(logger);
  const uncertainRefreshes = new UncertainRefreshes(clock, thisMachine);
  const secrets = new SecretVerifier(systemRandom, clock);
  const close = async () => {
    await Promise.all(doors.map((shut) => shut()));
    await jobs.stop();
    secrets.report(logger);
    await uncertainRefreshes.reconcileAll();
    await store.close();
  };
  try {
    const contexts = await openContexts(config, publicUrl, { ...timed, uncertainRefreshes, secrets, logger });
    // Only now that all stored keys have opened: a wrong key-encryption key must seal no new one.
    await Promise.all(contexts.map(({ keyring }) => keyring.poll()));
    jobs.every(RECONCILE_EVERY, "reconcile refreshes", () => uncertainRefreshes.reconcileAll());
    jobs.every(REPORT_EVERY, "report refusals", async () => secrets.report(logger));
    jobs.every(SWEEP_EVERY, "sweep", (signal) => sweep(store, clock, signal));
    for (const { keyring } of contexts) jobs.every(config.keyPollEvery * 1000, "poll keys", () => keyring.poll());
    const engine = createEngine(contexts, {
      listener: logListener(logger, thisMachine.elapsed),
      elapsed: thisMachine.elapsed,
    });
    const services = operatorAddress === undefined ? rpcServices(engine) : clientServices(engine);
    const tls = config.tls && { cert: Buffer.from(config.tls.certificate), key: Buffer.from(config.tls.key) };

    const http = { logger, closeGrace: CLOSE_GRACE, trustedProxies: config.trustedProxies, tls };

    const gateway = createGateway({ engine, publicUrl, ...http });
    registerConnect(gateway, services, logger);
    doors.push(() => gateway.close());
    await listening("HTTP", { ...httpAddress, port: httpPort }, (address) => gateway.listen({ ...address }));

    const grpc = createGrpcServer({ services, logger, tls, trustedProxies: config.trustedProxies });
    doors.push(() => grpc.close(CLOSE_GRACE));
    const rpcPort = await listening("RPC", rpcAddress, ({ host, port }) => grpc.listen(host, port));
    if (operatorAddress === undefined) return { publicUrl, httpPort, rpcPort, operatorPort: undefined, close };

    const operators = createHttpServer(http);
    registerConnect(operators, operatorServices(engine), logger);
    doors.push(() => operators.close());
    await listening("OPERATOR", operatorAddress, (address) => operators.listen({ ...address }));
    return { publicUrl, httpPort, rpcPort, operatorPort: portOf(operators.server.address()), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A port that is free now. The issuer has it in its name, so it must be known before the gateway can be made. */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, host, () => {
      const port = portOf(server.address());
      server.close(() => resolve(port));
    });
  });
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}
