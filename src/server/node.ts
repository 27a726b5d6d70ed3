import type { Logger } from "../base/logger.ts";
import { REPORT_EVERY } from "../engine/clients/refusal-counts.ts";
import { SecretVerifier } from "../engine/clients/secrets.ts";
import type { TenantParts } from "../engine/context.ts";
import { createEngine } from "../engine/engine.ts";
import type { GrantHandler } from "../engine/grant.ts";
import { IssuingClock } from "../engine/issuing-clock.ts";
import type { PerformDependencies } from "../engine/perform.ts";
import type { Engine } from "../engine/port.ts";
import { provenStore } from "../engine/proven-store.ts";
import { Quotas } from "../engine/quotas.ts";
import { recordLifetimes } from "../engine/tokens/revoke-subject.ts";
import { UncertainRefreshes } from "../engine/tokens/uncertain-refreshes.ts";
import { grants as allGrants } from "../grants/index.ts";
import { openKeyring } from "../keyring/index.ts";
import { Registry } from "../registry/registry.ts";
import type { Tenant } from "../registry/tenant.ts";
import type { Store } from "../store/port.ts";
import type { Listener } from "../telemetry/events.ts";
import type { HealthCheck } from "./health.ts";
import { healthChecks } from "./health-checks.ts";
import { JOBS, type Job, RECONCILE_EVERY, SWEEP_EVERY, sweep } from "./jobs.ts";
import type { Platform } from "./platform.ts";

/** How a node is configured. */
interface NodeSettings {
  /** How far the clock may be behind what was told before for the node to wait until it is past that, in milliseconds. */
  readonly maxClockLag: number;
  /** For how long a clock that is off is waited for, in milliseconds. */
  readonly startTimeout: number;
  /** How often the node reads the keys that the store has, in seconds. */
  readonly keyPollEvery: number;
  /** For how long the node goes on with the keys that it read, in seconds; then it stops signing. */
  readonly keyMaxStaleness: number;
}

/** What a node is made of. */
interface NodeParts {
  readonly settings: NodeSettings;
  readonly tenants: Iterable<Tenant>;
  readonly store: Store;
  readonly platform: Platform;
  readonly logger: Logger;
  /** Hears how every operation ended. */
  readonly listener: Listener;
  /** The grants that clients can be given; all that there are unless given. */
  readonly grants?: readonly GrantHandler[] | undefined;
  /** Whether it opens though its clock is behind what was told before, for what bears no moment: see IssuingClock. */
  readonly mayBeBehind?: boolean | undefined;
}

/** A whole mint without its doors. */
export interface Node {
  readonly engine: Engine;
  /** What each tenant has, by its id. */
  readonly tenants: ReadonlyMap<string, TenantParts>;
  /** What operations are performed with. */
  readonly performing: PerformDependencies;
  /** What must be well for it to serve. */
  readonly checks: readonly HealthCheck[];
  /** What is to be done every now and then while it serves. */
  readonly jobs: readonly Job[];
  /**
   * Makes the keys that the schedule asks for. Call it before it serves: only once all stored keys have opened, so that
   * a wrong key-encryption key seals no new one.
   */
  pollKeys(): Promise<void>;
  /**
   * Takes another configuration of the tenants that it has, checked before: every operation that begins after it sees that
   * whole. A tenant that is left out is served no more. Throws StoreUnavailableError, and changes nothing then.
   */
  reconfigure(tenants: readonly Tenant[]): Promise<void>;
  /** Logs and writes what waits for that. The store is left open. */
  close(): Promise<void>;
}

/**
 * Puts a node together: clock, keyrings, engine, jobs. The service, the command line, the tests and the
 * simulation all have their nodes from here.
 *
 * Throws StoreUnavailableError, StoreUnusableError if the clock is not fit for the store, and SealError if a stored key
 * does not open.
 */
export async function openNode({
  settings,
  tenants,
  store,
  platform,
  logger,
  listener,
  grants = allGrants,
  mayBeBehind,
}: NodeParts): Promise<Node> {
  const { machine, random, sealer, signatures } = platform;
  const { maxClockLag, startTimeout, keyPollEvery, keyMaxStaleness } = settings;
  const { maxClockSkew } = store;
  const clock = platform.clock(() => store.isClockOff?.() ?? false);
  const clocks = { store, clock, machine, logger, maxClockLag, startTimeout, mayBeBehind };
  const issuingClock = await IssuingClock.open(clocks);
  const uncertainRefreshes = new UncertainRefreshes(clock, machine);
  const secrets = new SecretVerifier(random, clock, platform.scrypt);
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
    clock,
    issuingClock,
    uncertainRefreshes,
    secrets,
    quotas: new Quotas(clock, machine),
    random,
    maxClockSkew,
    grants: new Map(grants.map((grant) => [grant.grantType, grant])),
    authorities: platform.authorities({ clock, logger }),
    logger,
  };

  const registry = new Registry(tenants);
  async function openTenant(tenant: Tenant): Promise<TenantParts> {
    const { id } = tenant;
    const tenantStore = store.forTenant(id);
    await recordLifetimes(tenant, tenantStore.meta);
    // Once the tenant is left out its keys go on as they did: what it has out is verified elsewhere.
    let latest = tenant;
    const current = () => {
      latest = registry.tenant(id) ?? latest;
      return latest;
    };
    const keyring = await openKeyring(id, current, tenantStore, keyringDependencies);
    return { ...shared, id, keyring, store: provenStore(tenantStore, { tenant: id, keyring, clock, logger }) };
  }

  const opened = await Promise.all(Array.from(registry.tenants(), openTenant));
  const parts = new Map(opened.map((one) => [one.id, one]));
  const performing = { registry, listener, elapsed: () => machine.elapsed() };
  const told = { now: async () => (await issuingClock.read()).issuedAt };
  return {
    engine: createEngine(parts, performing),
    tenants: parts,
    performing,
    checks: healthChecks({ store, clock, issuingClock, registry, tenants: opened }),
    jobs: [
      { name: JOBS.reconcile, every: RECONCILE_EVERY, run: () => uncertainRefreshes.reconcileAll() },
      { name: JOBS.report, every: REPORT_EVERY, run: async () => secrets.report(logger) },
      { name: JOBS.sweep, every: SWEEP_EVERY, run: (signal) => sweep(store, told, signal) },
      ...opened.map(({ keyring }) => ({
        name: JOBS.pollKeys,
        every: keyPollEvery * 1000,
        run: () => keyring.poll(),
      })),
    ],
    async pollKeys() {
      await Promise.all(opened.map(({ keyring }) => keyring.poll()));
    },
    async reconfigure(changed) {
      const unknown = changed.filter(({ id }) => !parts.has(id)).map(({ id }) => id);
      if (unknown.length > 0) throw new Error(`A new tenant needs a start: ${unknown.join(", ")}.`);
      // Before the first token of a longer lifetime is minted.
      await Promise.all(changed.map((tenant) => recordLifetimes(tenant, store.forTenant(tenant.id).meta)));
      registry.replace(changed);
    },
    async close() {
      secrets.report(logger);
      await uncertainRefreshes.reconcileAll();
    },
  };
}
