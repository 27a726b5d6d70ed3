import { type Authorities, AuthorityUnavailableError } from "../../src/authorities/port.ts";
import { SecretVerifier } from "../../src/engine/clients/secrets.ts";
import type { TenantContext } from "../../src/engine/context.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { IssuingClock } from "../../src/engine/issuing-clock.ts";
import type { TenantEngine } from "../../src/engine/port.ts";
import { provenStore } from "../../src/engine/proven-store.ts";
import { Quotas } from "../../src/engine/quotas.ts";
import { recordLifetimes } from "../../src/engine/tokens/revoke-subject.ts";
import { UncertainRefreshes } from "../../src/engine/tokens/uncertain-refreshes.ts";
import { grants } from "../../src/grants/index.ts";
import { webCryptoSignatures } from "../../src/keyring/algorithms.ts";
import { openKeyring } from "../../src/keyring/index.ts";
import { jweSealer } from "../../src/keyring/seal.ts";
import type { Tenant } from "../../src/registry/tenant.ts";
import type { Store } from "../../src/store/port.ts";
import { logListener } from "../../src/telemetry/log.ts";
import { type FakeClock, fakeClock, fakeMachine } from "./clock.ts";
import { type RecordingLogger, recordingLogger } from "./logger.ts";
import { createMemoryStore } from "./memory-store.ts";
import { seededRandom } from "./random.ts";
import { testTenant } from "./tenant.ts";

/** A tenant's engine in a context of fakes: time stands still, randomness is seeded, the store is memory. */
export interface TestContext extends TenantContext {
  readonly engine: TenantEngine;
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  readonly wholeStore: Store;
}

export const TEST_KEY_ENCRYPTION_KEY = new Uint8Array(32).fill(7);

/** Counts contexts, so that no two of them draw the same bytes. */
let contexts = 0;

/** Knows no authority's keys. */
const noAuthorities: Authorities = {
  verify: async () => {
    throw new AuthorityUnavailableError("There are no authorities here.");
  },
};

export async function testContext(
  tenant: Tenant = testTenant(),
  wholeStore: Store = createMemoryStore(),
  authorities: Authorities = noAuthorities,
  clock: FakeClock = fakeClock(),
): Promise<TestContext> {
  contexts += 1;
  const random = seededRandom(`context ${contexts}`);
  const logger = recordingLogger();
  const store = wholeStore.forTenant(tenant.id);
  await recordLifetimes(tenant, store.meta);
  const keyring = await openKeyring(tenant, store, {
    clock,
    random,
    logger,
    maxClockSkew: wholeStore.maxClockSkew,
    keyPollEvery: 5,
    // Nobody polls here: a test that moves the clock by days is not about keys.
    keyMaxStaleness: 10 * 365 * 86_400,
    sealer: jweSealer([TEST_KEY_ENCRYPTION_KEY]),
    signatures: webCryptoSignatures,
  });
  await keyring.poll();
  const context: TenantContext = {
    tenant,
    keyring,
    store: provenStore(store, { tenant: tenant.id, keyring, clock, logger }),
    grants: new Map(grants.map((grant) => [grant.grantType, grant])),
    secrets: new SecretVerifier(random, clock),
    maxClockSkew: wholeStore.maxClockSkew,
    uncertainRefreshes: new UncertainRefreshes(clock, { elapsed: () => clock.now() }),
    authorities,
    clock,
    quotas: new Quotas(clock, { elapsed: () => clock.now() }),
    issuingClock: await IssuingClock.open({
      store: wholeStore,
      // A test's clock is moved by the test alone.
      clock: { ...clock, past: async () => {} },
      machine: fakeMachine(),
      logger,
      maxClockLag: Number.POSITIVE_INFINITY,
      startTimeout: 0,
    }),
    random,
    logger,
  };
  const elapsed = () => clock.now();
  const engine = createEngine([context], { listener: logListener(logger, elapsed), elapsed }).forTenant(tenant.id);
  if (engine === undefined) throw new Error("the engine does not know its tenant");
  return { ...context, engine, clock, logger, wholeStore };
}
