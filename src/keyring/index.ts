import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Random } from "../base/random.ts";
import type { TenantStore } from "../store/port.ts";
import type { Signatures } from "./algorithms.ts";
import { Keyring } from "./keyring.ts";
import type { Timing } from "./plan.ts";
import type { KeyringPolicy } from "./policy.ts";
import type { SigningAlgorithm, TenantKeyring } from "./port.ts";
import { KeyReader } from "./reader.ts";
import { Rotator } from "./rotator.ts";
import type { Sealer } from "./seal.ts";

/** What a keyring reads of its tenant. Times in seconds. */
export interface KeyringTenant {
  readonly id: string;
  readonly signing: {
    readonly algorithm: SigningAlgorithm;
    readonly rotateEvery: number;
    readonly publishAhead: number;
    readonly jwksMaxAge: number;
  };
  readonly refreshKeyRotateEvery: number;
}

/** What a keyring needs of the world. */
export interface KeyringPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly sealer: Sealer;
  readonly signatures: Signatures;
  readonly logger: Logger;
  /** By how many milliseconds the clocks of nodes may differ at most. */
  readonly maxClockSkew: number;
  /** How often every node reads the keys, in seconds. */
  readonly keyPollEvery: number;
  /** For how long a node may go on with keys that it read, in seconds. */
  readonly keyMaxStaleness: number;
}

/**
 * Opens a tenant's keys. It makes none: the first `poll()` does, once the keys of every tenant have opened, so that a
 * wrong key-encryption key never leads to a new key.
 *
 * Throws SealError where a stored key does not open.
 */
export async function openKeyring(
  tenant: KeyringTenant,
  store: TenantStore,
  ports: KeyringPorts,
): Promise<TenantKeyring> {
  const { clock, logger } = ports;
  const policy = policyOf(tenant, ports);
  const reader = new KeyReader({ tenant: tenant.id, store, sealer: ports.sealer, signatures: ports.signatures }, clock);
  const rotator = new Rotator(
    { ...ports, tenant: tenant.id, algorithm: policy.algorithm, store, reader },
    policy,
    clock,
    logger,
  );
  await reader.read();
  return new Keyring(reader, rotator, policy, clock);
}

function policyOf({ signing, refreshKeyRotateEvery }: KeyringTenant, ports: KeyringPorts): KeyringPolicy {
  const timing: Timing = {
    publishAhead: signing.publishAhead * 1000,
    readByAll: 2 * (ports.keyPollEvery * 1000 + ports.maxClockSkew),
    maxStaleness: ports.keyMaxStaleness * 1000,
    jwksMaxAge: signing.jwksMaxAge * 1000,
    maxClockSkew: ports.maxClockSkew,
  };
  const rotateEvery = { signing: signing.rotateEvery * 1000, refresh: refreshKeyRotateEvery * 1000 };
  return { algorithm: signing.algorithm, rotateEvery, timing };
}
