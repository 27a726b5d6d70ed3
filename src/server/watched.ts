import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import type { Role } from "../store/options.ts";
import type { Store } from "../store/port.ts";
import type { Listener } from "../telemetry/events.ts";
import type { Meter } from "../telemetry/meter.ts";
import { type Around, aroundSignatures, aroundStore } from "./around.ts";
import { measuredSignatures, measuredStoreCalls } from "./metrics.ts";
import type { Platform } from "./platform.ts";
import { openConfiguredStore } from "./stores.ts";
import { spansOfSignatures, spansOfStoreCalls } from "./traces.ts";

/** Opens the store of a service, whose calls are measured and traced. */
export async function openWatchedStore(
  config: Config,
  logger: Logger,
  listener: Listener,
  meter: Meter,
  role: Role | undefined,
): Promise<Store> {
  const store = await openConfiguredStore(config, logger, { role, listener });
  const kind = config.store.startsWith("sqlite:") ? "sqlite" : "mongodb";
  return aroundStore(store, both(spansOfStoreCalls(kind), measuredStoreCalls(kind, meter)));
}

/** A platform whose signatures are measured and traced. */
export function watchedPlatform(platform: Platform, meter: Meter): Platform {
  const around = both(spansOfSignatures, measuredSignatures(meter));
  return { ...platform, signatures: aroundSignatures(platform.signatures, around) };
}

function both(outer: Around, inner: Around): Around {
  return (what, run) => outer(what, () => inner(what, run));
}
