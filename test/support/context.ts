import { type Authorities, AuthorityUnavailableError } from "../../src/authorities/port.ts";
import type { TenantContext, TenantHandle } from "../../src/engine/context.ts";
import type { GrantHandler } from "../../src/engine/grant.ts";
import type { TenantEngine } from "../../src/engine/port.ts";
import { nodeSignatures } from "../../src/keyring/algorithms.ts";
import { jweSealer } from "../../src/keyring/seal.ts";
import type { FilePart } from "../../src/registry/file-part.ts";
import type { Tenant } from "../../src/registry/tenant.ts";
import { type Node, openNode } from "../../src/server/node.ts";
import type { Platform } from "../../src/server/platform.ts";
import type { Store } from "../../src/store/port.ts";
import type { Listener, Recorder } from "../../src/telemetry/events.ts";
import { heardByAll } from "../../src/telemetry/listeners.ts";
import { EventLog } from "../../src/telemetry/log.ts";
import { type FakeClock, fakeClock } from "./clock.ts";
import { type RecordingLogger, recordingLogger } from "./logger.ts";
import { createMemoryStore } from "./memory-store.ts";
import { seededRandom } from "./random.ts";
import { fileOf, testTenant } from "./tenant.ts";

/** A tenant's engine in a context of fakes: time stands still, randomness is seeded, the store is memory. */
export interface TestContext extends TenantContext {
  readonly engine: TenantEngine;
  readonly handle: TenantHandle;
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  readonly listener: Listener;
  readonly wholeStore: Store;
  readonly node: Node;
}

export const TEST_KEY_ENCRYPTION_KEY = new Uint8Array(32).fill(7);

/** Counts contexts, so that no two of them draw the same bytes. */
let contexts = 0;

/** Knows no authority's keys. */
export const noAuthorities: Authorities = {
  checkSignature: unavailable,
  verify: unavailable,
};

async function unavailable(): Promise<never> {
  throw new AuthorityUnavailableError("There are no authorities here.");
}

/** How a test's node differs from the usual. */
interface TestNodeOptions {
  readonly grants?: readonly GrantHandler[];
  /** Hears of every event beside the log. */
  readonly heard?: Listener;
  readonly recorder?: Recorder;
  readonly settings?: Partial<typeof TEST_SETTINGS>;
  /** What the file has besides the tenant. */
  readonly file?: FilePart;
}

/** The settings of a node whose clock is right. */
export const TEST_SETTINGS = {
  maxClockLag: 0,
  startTimeout: 0,
  keyPollEvery: 5,
  keyMaxStaleness: 900,
  registryPollEvery: 2,
  registryMaxStaleness: 900,
};

/** Nobody polls here: a test that moves the clock by days is not about keys. */
const SETTINGS = {
  maxClockLag: Number.POSITIVE_INFINITY,
  startTimeout: 0,
  keyPollEvery: 5,
  keyMaxStaleness: 10 * 365 * 86_400,
  registryPollEvery: 2,
  registryMaxStaleness: 10 * 365 * 86_400,
};

export async function testContext(
  tenant: Tenant = testTenant(),
  wholeStore: Store = createMemoryStore(),
  authorities: Authorities = noAuthorities,
  clock: FakeClock = fakeClock(),
  { grants, heard, recorder, settings, file = fileOf(tenant) }: TestNodeOptions = {},
): Promise<TestContext> {
  contexts += 1;
  const logger = recordingLogger();
  const elapsed = () => clock.now();
  // While the node opens, a test's clock is moved by the test alone.
  let isOpening = true;
  const platform: Platform = {
    machine: { wall: elapsed, elapsed, sleep: async () => undefined, after: () => () => undefined },
    clock: () => ({ ...clock, past: async (instant) => (isOpening ? undefined : clock.past(instant)) }),
    random: seededRandom(`context ${contexts}`),
    sealer: jweSealer([TEST_KEY_ENCRYPTION_KEY]),
    signatures: nodeSignatures,
    authorities: () => authorities,
  };
  const listener = heardByAll([new EventLog(logger, elapsed).listen, ...(heard ? [heard] : [])], logger);
  const configured = { settings: { ...SETTINGS, ...settings }, file };
  const parts = { ...configured, store: wholeStore, platform, listener, recorder, grants };
  const node = await openNode(parts);
  await node.pollKeys();
  isOpening = false;
  const [handle, engine] = [node.tenant(tenant.id), node.engine.forTenant(tenant.id)];
  const own = await handle?.ready();
  if (handle === undefined || own === undefined || engine === undefined)
    throw new Error("the node does not know its tenant");
  return { ...own, store: own.storeFor(listener), tenant, listener, engine, handle, clock, logger, wholeStore, node };
}
