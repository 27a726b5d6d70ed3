import { systemRandom } from "../../src/base/random.ts";
import { nodeSignatures } from "../../src/keyring/algorithms.ts";
import { type KeyringDependencies, type KeyringTenant, openKeyring } from "../../src/keyring/index.ts";
import type { RotationOrder } from "../../src/keyring/port.ts";
import { jweSealer } from "../../src/keyring/seal.ts";
import type { Store } from "../../src/store/port.ts";
import { EventLog } from "../../src/telemetry/log.ts";
import { LONGEST_LIFETIMES } from "../../src/token/lifetimes.ts";
import { type FakeClock, fakeClock } from "./clock.ts";
import { recordingLogger } from "./logger.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** How a test's keyring differs from the usual: a tenant "acme" with ES256, and the default times. */
export interface TestKeyringOptions extends Partial<Omit<KeyringDependencies, "clock">> {
  readonly tenant?: Partial<KeyringTenant> & { readonly id?: string };
  readonly clock?: FakeClock;
}

/** A node's keyring over a store, its keys made. */
export async function testKeyring(
  store: Store,
  { tenant, clock = fakeClock(), ...dependencies }: TestKeyringOptions = {},
) {
  const whole: KeyringTenant & { readonly id: string } = {
    id: "acme",
    signing: { algorithm: "ES256", rotateEvery: 30 * 86_400, publishAhead: 86_400, jwksMaxAge: 3600 },
    refreshKeyRotateEvery: 30 * 86_400,
    ...tenant,
  };
  const logger = recordingLogger();
  const emit = new EventLog(logger, () => 0).listen;
  const part = store.forTenant(whole.id);
  await part.meta.raise(LONGEST_LIFETIMES.jwt, 3600);
  await part.meta.raise(LONGEST_LIFETIMES.grant, 30 * 86_400);
  const all: KeyringDependencies = {
    clock,
    random: systemRandom,
    sealer: jweSealer([new Uint8Array(32).fill(1)]),
    signatures: nodeSignatures,
    emit,
    maxClockSkew: store.maxClockSkew,
    keyPollEvery: 5,
    keyMaxStaleness: 900,
    ...dependencies,
  };
  const opening = { makesKeys: false, seals: { wasComplete: false } };
  const keyring = await openKeyring(whole.id, () => whole, part, all, opening);
  await keyring.poll();
  const rotate = (order: RotationOrder) => keyring.rotate(order, emit);
  return { keyring, rotate, clock, logger, store: part, now: () => clock.now() };
}
