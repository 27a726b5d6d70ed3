import { createServer } from "node:net";
import { createAuthorities } from "./authorities/index.ts";
import { startChores } from "./chores.ts";
import type { Config } from "./config/config.ts";
import { developmentKey } from "./config/development-key.ts";
import { createEngine } from "./engine/engine.ts";
import type { Logger } from "./engine/logger.ts";
import { SecretVerifier } from "./engine/secrets.ts";
import { Settlements } from "./engine/settlements.ts";
import { recordLifetimes } from "./engine/watermark.ts";
import type { TenantWorld } from "./engine/world.ts";
import { grants } from "./grants/index.ts";
import { createGateway } from "./http/gateway.ts";
import { webCryptoSignatures } from "./keyring/algorithms.ts";
import { openKeyring } from "./keyring/keyring.ts";
import { jweSealer } from "./keyring/seal.ts";
import { registerConnect } from "./rpc/connect.ts";
import { createGrpcServer } from "./rpc/grpc.ts";
import { rpcServices } from "./rpc/services.ts";
import { openStore } from "./store/index.ts";
import type { Store } from "./store/port.ts";
import { type Clock, systemClock } from "./token/clock.ts";
import { systemRandom } from "./token/random.ts";

/** How long what is in flight may take to end once the service closes, in milliseconds. */
const CLOSE_GRACE = 10_000;

/** For how many seconds verifiers may keep the JWKS. */
const JWKS_MAX_AGE = 3600;

/** A running mint. */
export interface Service {
  /** Where clients find the gateway. */
  readonly publicUrl: string;
  readonly httpPort: number;
  readonly rpcPort: number;
  /** Stops accepting, lets what is in flight end, and closes the store. */
  close(): Promise<void>;
}

/**
 * Starts a mint: configuration -> store -> keyrings -> engine -> doors. Throws ConfigError, StoreUnavailableError or
 * SealError where it cannot; nothing is left open then.
 */
export async function startService(config: Config, logger: Logger): Promise<Service> {
  const httpPort = config.httpAddress.port || (await freePort(config.httpAddress.host));
  const publicUrl = config.publicUrl(httpPort);
  const clock = systemClock();
  const store = await openStore(config.store);
  const doors: (() => Promise<void>)[] = [];
  const settlements = new Settlements(clock);
  const chores = startChores(store, settlements, clock, logger);
  const close = async () => {
    await Promise.all(doors.map((shut) => shut()));
    await chores.stop();
    await store.close();
  };
  try {
    const engine = createEngine(await openWorlds(config, publicUrl, { store, clock, settlements, logger }));
    const services = rpcServices(engine);
    const tls = config.tls && { cert: Buffer.from(config.tls.certificate), key: Buffer.from(config.tls.key) };

    const gateway = createGateway({
      engine,
      logger,
      publicUrl,
      jwksMaxAge: JWKS_MAX_AGE,
      closeGrace: CLOSE_GRACE,
      tls,
    });
    registerConnect(gateway, services, logger);
    doors.push(() => gateway.close());
    await gateway.listen({ host: config.httpAddress.host, port: httpPort });

    const grpc = createGrpcServer({ services, logger, tls });
    doors.push(() => grpc.close(CLOSE_GRACE));
    const rpcPort = await grpc.listen(config.rpcAddress.host, config.rpcAddress.port);
    return { publicUrl, httpPort, rpcPort, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What all tenants of a node share. */
interface Shared {
  readonly store: Store;
  readonly clock: Clock;
  readonly settlements: Settlements;
  readonly logger: Logger;
}

/** All that the engine needs of each tenant. */
async function openWorlds(config: Config, publicUrl: string, node: Shared): Promise<readonly TenantWorld[]> {
  const { store, clock, logger } = node;
  const random = systemRandom;
  const sealer = jweSealer(config.keyEncryptionKey ?? developmentKey(config.dataDirectory, random));
  const shared = {
    ...node,
    random,
    grants: new Map(grants.map((grant) => [grant.grantType, grant])),
    secrets: new SecretVerifier(random),
    authorities: createAuthorities({ clock, logger }),
    maxClockSkew: store.maxClockSkew,
  };
  const opening = Array.from(config.tenants(publicUrl).values(), async (tenant) => {
    const tenantStore = store.forTenant(tenant.id);
    await recordLifetimes(tenant, tenantStore.meta);
    const keyring = await openKeyring(tenant, tenantStore.keys, {
      clock,
      random,
      sealer,
      signatures: webCryptoSignatures,
      maxClockSkew: store.maxClockSkew,
    });
    return { ...shared, tenant, store: tenantStore, keyring };
  });
  return Promise.all(opening);
}

/** A port that is free now. The issuer has it in its name, so it must be known before the gateway can be made. */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
