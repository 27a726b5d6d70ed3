import { formatAddress, isLoopback } from "../base/address.ts";
import type { Problems } from "../schema/problems.ts";
import type { Settings } from "./config.ts";
import type { ConfigFile } from "./schema.ts";
import { listenersOf } from "./settings.ts";

/** The listeners that get neither secrets nor tokens: those who watch the process come from other machines, and by plain HTTP. */
const HARMLESS: ReadonlySet<string> = new Set(["managementAddress"]);

/** Notes every address that others can reach without TLS: they would send secrets and tokens in the clear. */
export function checkExposure(file: ConfigFile, settings: Settings, problems: Problems): void {
  if (file.tls !== undefined || file.insecureHttp || file.trustedProxies.length > 0) return;
  for (const { key, variable, address } of listenersOf(settings)) {
    if (isLoopback(address.host) || HARMLESS.has(key)) continue;
    problems.add(
      `${variable} (${key}): expected a loopback address, got ${formatAddress(address)}, which others can reach ` +
        "without TLS: set tls, or trustedProxies if a proxy in front of it terminates TLS, or insecureHttp: true",
    );
  }
}
