import { X509Certificate } from "node:crypto";
import { thisMachine } from "../base/clock.ts";
import { standardLines } from "../base/line-output.ts";
import type { Logger } from "../base/logger.ts";
import { UnavailableError } from "../base/unavailable.ts";
import type { Config } from "../config/config.ts";
import { instanceOperations, operations } from "../engine/operations/index.ts";
import { grants } from "../grants/index.ts";
import { faultsOf } from "../registry/faults.ts";
import type { EndedStoreCall, Meter } from "../telemetry/meter.ts";
import { createMetrics, type Metrics, type Observed } from "../telemetry/metrics/index.ts";
import type { ActiveKey } from "../telemetry/metrics/keys.ts";
import type { Around } from "./around.ts";
import type { Node } from "./node.ts";
import type { DoorsTls } from "./tls.ts";
import { VERSION } from "./version.ts";

/** Begins to measure a service. */
export function openMetrics({ metrics }: Pick<Config, "metrics">, logger: Logger): Metrics {
  const known = {
    grantTypes: new Set(grants.map(({ grantType }) => grantType)),
    // The keys are published without an operation, but refusals to publish them are told of.
    operations: new Set([...Object.keys(operations), ...Object.keys(instanceOperations), "jwks"]),
  };
  return createMetrics({
    version: VERSION,
    logger,
    elapsed: thisMachine.elapsed,
    known,
    clientLabel: metrics.clientLabel,
  });
}

/** Measures the calls of a store. `name`: what the store is called. */
export function measuredStoreCalls(name: string, meter: Meter, elapsed = thisMachine.elapsed): Around {
  return (operation, run) => {
    const begun = elapsed();
    const tell = (outcome: EndedStoreCall["outcome"]) =>
      meter.storeCall({ store: name, operation, outcome, seconds: (elapsed() - begun) / 1000 });
    const running = run();
    // The caller waits for the call itself, and not for this.
    void running.then(
      () => tell("ok"),
      (error) => tell(error instanceof UnavailableError ? "unavailable" : "error"),
    );
    return running;
  };
}

/** Measures signatures. */
export function measuredSignatures(meter: Meter, elapsed = thisMachine.elapsed): Around {
  return async (algorithm, run) => {
    const begun = elapsed();
    const signature = await run();
    meter.signed({ algorithm, seconds: (elapsed() - begun) / 1000 });
    return signature;
  };
}

/** What the metrics tell of a node, of what its ports prove themselves with, and of lines that `audit` and the log lost. */
export function observed(
  node: Pick<Node, "tenants" | "registry" | "brokenKeys">,
  tls: DoorsTls | undefined,
  audit: { lostInAll(): number | undefined },
): Observed {
  return {
    registry: node.registry,
    activeKeys: () => activeKeys(node),
    certificateExpiry: () => tls && new X509Certificate(tls.http.pair.cert).validToDate.getTime() / 1000,
    unusable: () => unusable(node),
    linesLost: () => ({ log: standardLines.lostInAll, audit: audit.lostInAll() }),
  };
}

/** What of the store a node cannot use. */
function unusable({ registry, brokenKeys }: Pick<Node, "registry" | "brokenKeys">): ReturnType<Observed["unusable"]> {
  const faults = faultsOf(registry.snapshot);
  const clients = faults.filter(({ kind }) => kind === "client").length;
  return { tenant: faults.length - clients, client: clients, keys: brokenKeys.size };
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
