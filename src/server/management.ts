import type { AddressInfo } from "node:net";
import type { Config } from "../config/config.ts";
import { createHttpServer } from "../http/gateway.ts";
import { type HealthReport, serveHealth } from "../http/health.ts";
import { serveMetrics } from "../http/metrics.ts";
import type { Listener } from "../telemetry/events.ts";
import type { Metrics } from "../telemetry/metrics/index.ts";
import { listening } from "./bind.ts";

/** How long requests in flight may continue once the service closes, in milliseconds. */
export const CLOSE_GRACE = 10_000;

/** What the management port tells. */
interface Managed {
  readonly health: HealthReport & { readonly isStopping: () => boolean };
  readonly metrics: Pick<Metrics, "scrape">;
  /** Hears of refused requests. */
  readonly listener: Listener;
}

/** Opens the management port, and resolves to it. It is plain HTTP, as no secret and no token goes over it. */
export async function openManagement(
  { managementAddress }: Pick<Config, "managementAddress">,
  { health, metrics, listener }: Managed,
  open: AsyncDisposableStack,
): Promise<number> {
  const app = createHttpServer({ listener, closeGrace: CLOSE_GRACE, isStopping: health.isStopping });
  open.defer(() => app.close());
  serveHealth(app, health);
  serveMetrics(app, metrics.scrape);
  await listening("MANAGEMENT", managementAddress, (address) => app.listen({ ...address }));
  return portOf(app.server.address());
}

/** The port of a server that listens. */
export function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}
