import { thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { operations } from "../engine/operations/index.ts";
import { grants } from "../grants/index.ts";
import type { Store } from "../store/port.ts";
import type { Listener } from "../telemetry/events.ts";
import type { Meter } from "../telemetry/meter.ts";
import { createMetrics, type Metrics, type Observed } from "../telemetry/metrics/index.ts";
import type { ActiveKey } from "../telemetry/metrics/keys.ts";
import { measuredSignatures } from "./measured-signatures.ts";
import { measuredStore } from "./measured-store.ts";
import type { Node } from "./node.ts";
import type { Platform } from "./platform.ts";
import { openConfiguredStore } from "./stores.ts";
import { VERSION } from "./version.ts";

/** Begins to measure a service. */
export function openMetrics({ metrics }: Pick<Config, "metrics">, logger: Logger): Metrics {
  const known = {
    grantTypes: new Set(grants.map(({ grantType }) => grantType)),
    // The keys are published without an operation, but refusals to publish them are told of.
    operations: new Set([...Object.keys(operations), "jwks"]),
  };
  return createMetrics({
    version: VERSION,
    logger,
    elapsed: thisMachine.elapsed,
    known,
    clientLabel: metrics.clientLabel,
  });
}

/** Opens the store of a service, and measures its calls. */
export async function openMeasuredStore(
  config: Config,
  logger: Logger,
  listener: Listener,
  meter: Meter,
): Promise<Store> {
  const store = await openConfiguredStore(config, logger, { role: "server", listener });
  return measuredStore(store, config.store.startsWith("sqlite:") ? "sqlite" : "mongodb", meter);
}

/** A platform whose signatures are measured. */
export function measuredPlatform(platform: Platform, meter: Meter): Platform {
  return { ...platform, signatures: measuredSignatures(platform.signatures, meter) };
}

/** What the metrics tell of a node. */
export function observed(node: Pick<Node, "tenants" | "registry">): Observed {
  return { registry: node.registry, activeKeys: () => activeKeys(node) };
}

/** The keys with which a node's tenants sign now; none for a tenant that cannot sign. */
function activeKeys({ tenants, registry }: Pick<Node, "tenants" | "registry">): readonly ActiveKey[] {
  return Array.from(tenants.values()).flatMap(({ id, keyring, clock }) => {
    const tenant = registry.tenant(id);
    const now = clock.now();
    const active = keyring.describe(now).find(({ use, state }) => use === "signing" && state === "active");
    if (tenant === undefined || active === undefined) return [];
    const { activateAt, retireAt = activateAt + tenant.signing.rotateEvery * 1000 } = active;
    return [{ tenant: id, age: Math.max(0, now - activateAt) / 1000, nextRotation: retireAt / 1000 }];
  });
}
