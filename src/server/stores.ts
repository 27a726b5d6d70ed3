import type { Logger } from "../base/logger.ts";
import { systemRandom } from "../base/random.ts";
import type { Config } from "../config/config.ts";
import { developmentKey } from "../config/development-key.ts";
import { jweSealer, type Sealer } from "../keyring/seal.ts";
import { ConfigError } from "../schema/problems.ts";
import { checkStoreUrl, openStore } from "../store/index.ts";
import type { StoreOptions } from "../store/options.ts";
import { type Store, StoreUnusableError } from "../store/port.ts";

/** Opens the configured store. Throws what {@link openStore} throws. */
export function openConfiguredStore(
  config: Config,
  logger: Logger,
  options: Pick<StoreOptions, "role" | "create" | "alone" | "listener">,
): Promise<Store> {
  const { store, startTimeout, maxClockSkew } = config;
  return openStore(store, { logger, startTimeout, maxClockSkew, ...options });
}

/** Throws a {@link ConfigError} if no start could open the store at `url`, as far as that is known without opening it. */
export async function assertStoreUsable(url: string): Promise<void> {
  try {
    await checkStoreUrl(url);
  } catch (error) {
    if (error instanceof StoreUnusableError) throw new ConfigError([`store (MINTMARK_STORE): ${error.message}`]);
    throw error;
  }
}

/** Makes a sealer with the configured key-encryption keys, or with the one that development keeps beside its data. */
export function openSealer({ keyEncryptionKeys, dataDirectory }: Config): Sealer {
  return jweSealer(keyEncryptionKeys ?? [developmentKey(dataDirectory, systemRandom)]);
}
