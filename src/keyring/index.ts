import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { TenantStore } from "../store/port.ts";
import type { Emit } from "../telemetry/events.ts";
import type { Signatures } from "./algorithms.ts";
import { Keyring } from "./keyring.ts";
import type { SigningAlgorithm, TenantKeyring } from "./port.ts";
import { KeyReader } from "./reader.ts";
import { Rotator, type SealsSeen } from "./rotator.ts";
import type { KeyringPolicy } from "./schedule.ts";
import type { Sealer } from "./seal.ts";

/** What a keyring reads of its tenant whenever it needs it. Durations in seconds. */
export interface KeyringTenant {
  readonly signing: {
    readonly algorithm: SigningAlgorithm;
    readonly rotateEvery: number;
    readonly publishAhead: number;
    readonly jwksMaxAge: number;
  };
  readonly refreshKeyRotateEvery: number;
}

/** What a keyring needs from outside. */
export interface KeyringDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly sealer: Sealer;
  readonly signatures: Signatures;
  /** Tells of keys that are made or resealed without a request. */
  readonly emit: Emit;
  /** The most by which the clocks of nodes may differ, in milliseconds. */
  readonly maxClockSkew: number;
  /** How often each node reads the keys, in seconds. */
  readonly keyPollEvery: number;
  /** How long a node may use keys without reading them again, in seconds. */
  readonly keyMaxStaleness: number;
}

/** How a tenant's keys are opened. */
interface Opening {
  /**
   * Whether keys that are due are made at once. While a node starts they are not, so that a wrong key-encryption key never
   * leads to new keys: the first `poll()` makes them.
   */
  readonly makesKeys: boolean;
  /** What is remembered of the tenant if its keys are opened again. */
  readonly seals: SealsSeen;
}

/**
 * Opens a tenant's keys. `tenant` returns the tenant as it is configured now, so a changed configuration counts from then
 * on. Throws StoreUnavailableError, and SealError if a stored key does not open.
 */
export async function openKeyring(
  id: string,
  tenant: () => KeyringTenant,
  store: TenantStore,
  dependencies: KeyringDependencies,
  { makesKeys, seals }: Opening,
): Promise<TenantKeyring> {
  const { clock, emit, sealer, signatures } = dependencies;
  const policy = () => policyOf(tenant(), dependencies);
  const reader = new KeyReader({ tenant: id, store, sealer, signatures }, clock);
  const algorithm = () => tenant().signing.algorithm;
  const rotator = new Rotator({ ...dependencies, tenant: id, algorithm, store, reader }, policy, clock, emit, seals);
  await (makesKeys ? rotator.poll() : reader.read());
  return new Keyring(reader, rotator, policy, clock);
}

function policyOf({ signing, refreshKeyRotateEvery }: KeyringTenant, dependencies: KeyringDependencies): KeyringPolicy {
  return {
    algorithm: signing.algorithm,
    rotateEvery: { signing: signing.rotateEvery * 1000, refresh: refreshKeyRotateEvery * 1000 },
    publishAhead: signing.publishAhead * 1000,
    pollEvery: dependencies.keyPollEvery * 1000,
    maxStaleness: dependencies.keyMaxStaleness * 1000,
    jwksMaxAge: signing.jwksMaxAge * 1000,
    maxClockSkew: dependencies.maxClockSkew,
  };
}
