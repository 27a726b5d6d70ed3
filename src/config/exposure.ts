import { formatAddress, isLoopback } from "../base/address.ts";
import type { Problems } from "../schema/problems.ts";
import type { Settings } from "./config.ts";
import type { ConfigFile } from "./schema.ts";
import { listenersOf } from "./settings.ts";

/** Notes every address that others can reach without TLS: they would send secrets and tokens in the clear. */
export function checkExposure(file: ConfigFile, settings: Settings, problems: Problems): void {
  if (file.tls !== undefined || file.insecureHttp || file.trustedProxies.length > 0) return;
  for (const { key, variable, address } of listenersOf(settings)) {
    if (isLoopback(address.host)) continue;
    problems.add(
      `${variable} (${key}): expected a loopback address, got ${formatAddress(address)}, which others can reach ` +
        "without TLS: set tls, or trustedProxies if a proxy in front of it terminates TLS, or insecureHttp: true",
    );
  }
}
