import { type Address, formatAddress, isLoopback } from "./address.ts";
import type { Settings } from "./config.ts";
import type { Faults } from "./faults.ts";
import type { ConfigFile } from "./schema.ts";

/** Notes every address that others can reach, and would send secrets and tokens to in the clear. */
export function checkExposure(file: ConfigFile, settings: Settings, faults: Faults): void {
  if (file.tls !== undefined || file.insecureHttp || file.trustedProxies.length > 0) return;
  for (const [setting, address] of listeners(settings)) {
    if (isLoopback(address.host)) continue;
    faults.add(
      `${setting}: expected a loopback address, got ${formatAddress(address)}, which others may reach, and without ` +
        "TLS: set tls, or trustedProxies if a proxy in front of it ends TLS, or insecureHttp: true",
    );
  }
}

/** Every address that is listened on, by its setting. */
function listeners({ httpAddress, rpcAddress }: Settings): readonly (readonly [string, Address])[] {
  return [
    ["MINTMARK_HTTP_ADDRESS (httpAddress)", httpAddress],
    ["MINTMARK_RPC_ADDRESS (rpcAddress)", rpcAddress],
  ];
}
