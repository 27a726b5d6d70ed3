import { createAuthorities } from "../authorities/index.ts";
import { type Clock, systemClock, thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { systemRandom } from "../base/random.ts";
import type { Config } from "../config/config.ts";
import { developmentKey } from "../config/development-key.ts";
import type { SecretVerifier } from "../engine/clients/secrets.ts";
import type { TenantContext } from "../engine/context.ts";
import { IssuingClock } from "../engine/issuing-clock.ts";
import { provenStore } from "../engine/proven-store.ts";
import { Quotas } from "../engine/quotas.ts";
import { recordLifetimes } from "../engine/tokens/revoke-subject.ts";
import type { UncertainRefreshes } from "../engine/tokens/uncertain-refreshes.ts";
import { grants } from "../grants/index.ts";
import { webCryptoSignatures } from "../keyring/algorithms.ts";
import { openKeyring } from "../keyring/index.ts";
import { jweSealer, type Sealer } from "../keyring/seal.ts";
import { openStore } from "../store/index.ts";
import type { Role } from "../store/options.ts";
import type { Store } from "../store/port.ts";

/** Opens the store that is configured. Errors are those of {@link openStore}. `role`: see StoreOptions. */
export function openConfiguredStore(config: Config, logger: Logger, role?: Role): Promise<Store> {
  const { store, startTimeout, maxClockSkew } = config;
  return openStore(store, { logger, startTimeout, maxClockSkew, role });
}

/** A store, and the time as those who share it know it. */
interface Timed {
  readonly store: Store;
  readonly clock: Clock;
  readonly issuingClock: IssuingClock;
}

/** Opens the store that is configured, once the clock is fit for it. Errors are those of {@link IssuingClock.open} too. */
export async function openTimedStore(config: Config, logger: Logger, role?: Role): Promise<Timed> {
  const store = await openConfiguredStore(config, logger, role);
  const clock = systemClock(thisMachine, () => store.isClockOff?.() ?? false);
  const { maxClockLag, startTimeout } = config;
  try {
    const issuingClock = await IssuingClock.open({
      store,
      clock,
      machine: thisMachine,
      logger,
      maxClockLag,
      startTimeout,
    });
    return { store, clock, issuingClock };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What all tenants of a node share. */
interface Shared extends Timed {
  readonly uncertainRefreshes: UncertainRefreshes;
  readonly secrets: SecretVerifier;
  readonly logger: Logger;
}

/** All that the engine needs of each tenant. */
export async function openContexts(config: Config, publicUrl: string, node: Shared): Promise<readonly TenantContext[]> {
  const { store, clock, logger } = node;
  const random = systemRandom;
  const sealer = openSealer(config);
  const { keyPollEvery, keyMaxStaleness } = config;
  const { maxClockSkew } = store;
  const signatures = webCryptoSignatures;
  const keyringDependencies = {
    clock,
    random,
    sealer,
    signatures,
    logger,
    maxClockSkew,
    keyPollEvery,
    keyMaxStaleness,
  };
  const shared = {
    ...node,
    quotas: new Quotas(clock, thisMachine),
    random,
    maxClockSkew,
    grants: new Map(grants.map((grant) => [grant.grantType, grant])),
    authorities: createAuthorities({ clock, logger }),
  };
  const opening = Array.from(config.tenants(publicUrl).values(), async (tenant) => {
    const tenantStore = store.forTenant(tenant.id);
    await recordLifetimes(tenant, tenantStore.meta);
    const keyring = await openKeyring(tenant, tenantStore, keyringDependencies);
    return {
      ...shared,
      tenant,
      keyring,
      store: provenStore(tenantStore, { tenant: tenant.id, keyring, clock, logger }),
    };
  });
  return Promise.all(opening);
}

/** Seals keys under the configured key-encryption keys, or under the one that development keeps beside its data. */
export function openSealer({ keyEncryptionKeys, dataDirectory }: Config): Sealer {
  return jweSealer(keyEncryptionKeys ?? [developmentKey(dataDirectory, systemRandom)]);
}
