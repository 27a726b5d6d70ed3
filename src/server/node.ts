import { REPORT_EVERY } from "../engine/clients/refusal-counts.ts";
import { SecretVerifier } from "../engine/clients/secrets.ts";
import type { InstanceParts, TenantParts } from "../engine/context.ts";
import { createEngine } from "../engine/engine.ts";
import type { GrantHandler } from "../engine/grant.ts";
import { IssuingClock } from "../engine/issuing-clock.ts";
import { Attempts } from "../engine/limits/attempts.ts";
import { Requests } from "../engine/limits/requests.ts";
import { type Authenticators, byCredentials, type PerformDependencies } from "../engine/perform.ts";
import type { Engine } from "../engine/port.ts";
import { Quotas } from "../engine/quotas.ts";
import { UncertainRefreshes } from "../engine/uncertain-refreshes.ts";
import { grants as allGrants } from "../grants/index.ts";
import type { FilePart } from "../registry/file-part.ts";
import { Follower } from "../registry/follower.ts";
import { Registry } from "../registry/registry.ts";
import { buildSnapshot } from "../registry/snapshot.ts";
import { NO_TENANT, type Store } from "../store/port.ts";
import type { Listener, Recorder } from "../telemetry/events.ts";
import type { HealthCheck } from "./health.ts";
import { healthChecks } from "./health-checks.ts";
import { JOBS, type Job, RECONCILE_EVERY, SHARE_COUNTS_EVERY, SWEEP_EVERY, sweep } from "./jobs.ts";
import type { LazyTenant } from "./lazy-tenant.ts";
import { type Idleness, OpenTenants } from "./open-tenants.ts";
import type { Platform } from "./platform.ts";
import { openRegistrations } from "./registrations.ts";

/** The settings of a node. */
interface NodeSettings {
  /**
   * The most by which the clock may be behind an earlier run for a start to wait until it catches up, in milliseconds.
   */
  readonly maxClockLag: number;
  /** How long a start waits for a wrong clock, in milliseconds. */
  readonly startTimeout: number;
  /** How often the node reads the keys in the store, in seconds. */
  readonly keyPollEvery: number;
  /** How long the node uses the keys that it last read before it stops signing, in seconds. */
  readonly keyMaxStaleness: number;
  /** How often the node reads what operators have registered, in seconds. */
  readonly registryPollEvery: number;
  /** How long the node serves with what it last read of that before it refuses requests, in seconds. */
  readonly registryMaxStaleness: number;
}

/** What a node needs. */
interface NodeParts {
  readonly settings: NodeSettings;
  /** The registry's part that the configuration file gives. */
  readonly file: FilePart;
  readonly store: Store;
  readonly platform: Platform;
  /** Receives every event, and never throws. */
  readonly listener: Listener;
  /** Admits requests if there is room; by default there always is. */
  readonly admit?: PerformDependencies["admit"] | undefined;
  /** What answers wait for; absent: nothing. */
  readonly recorder?: Recorder | undefined;
  /** The grants that clients may have; all grants by default. */
  readonly grants?: readonly GrantHandler[] | undefined;
  /** What finds out who calls; the caller's credentials by default. */
  readonly authenticators?: Authenticators | undefined;
  /** For how long what was deleted is kept in mind at least, in milliseconds; two days by default. */
  readonly leastKept?: number | undefined;
  /** What becomes of tenants that nobody uses; by default 100 stay open, and others for a quarter of an hour. */
  readonly idleness?: Idleness | undefined;
  /** Whether to open although the clock is behind an earlier run, for operations without a time: see IssuingClock. */
  readonly mayBeBehind?: boolean | undefined;
}

/** A complete mint without its doors. */
export interface Node {
  readonly engine: Engine;
  /** The parts of each tenant that is open, by its id. */
  readonly tenants: ReadonlyMap<string, TenantParts>;
  /** What belongs to no tenant. */
  readonly instance: InstanceParts;
  /** The tenant with that id, open or not; undefined if it is not served. */
  tenant(id: string): LazyTenant | undefined;
  /** Why the keys of tenants do not open, by the tenant's id. */
  readonly brokenKeys: ReadonlyMap<string, string>;
  /** The tenants and their clients, as they are configured now. */
  readonly registry: Pick<Registry, "tenant" | "tenants" | "snapshot">;
  /** What performing operations needs. */
  readonly performing: PerformDependencies;
  /** The checks that it must pass to serve. */
  readonly checks: readonly HealthCheck[];
  /** The background jobs to run while it serves. */
  readonly jobs: readonly Job[];
  /**
   * Creates the keys that the schedule requires, of tenants that are open, and from then on of whatever is opened. Call it
   * before serving. It is separate from opening the node, so that stored keys have opened first: a wrong key-encryption key
   * must not seal a new one.
   */
  pollKeys(): Promise<void>;
  /**
   * Replaces the file's part of the registry, which must have been checked: every operation that begins afterwards sees
   * all of it. A tenant that is left out is no longer served. Throws ConfigError if it contradicts what is stored,
   * StoreUnavailableError, and SealError if a stored key of a new tenant does not open, without any change to what is
   * served.
   */
  reconfigure(file: FilePart): Promise<void>;
  /** Reports and writes what is pending. Leaves the store open. */
  close(): Promise<void>;
}

/**
 * Assembles a node: clock, keyrings, engine, jobs. The service, the command line, the tests and the simulation all get
 * their nodes from here.
 *
 * Throws StoreUnavailableError, StoreUnusableError if the clock is too wrong for the store, SealError if a stored key
 * does not open, and ConfigError if the file contradicts what is stored.
 */
export async function openNode({
  settings,
  file,
  store,
  platform,
  listener,
  recorder,
  grants = allGrants,
  authenticators = byCredentials,
  admit = () => () => undefined,
  leastKept,
  idleness,
  mayBeBehind,
}: NodeParts): Promise<Node> {
  const { machine, random, sealer, signatures } = platform;
  const { maxClockLag, startTimeout, keyPollEvery, keyMaxStaleness } = settings;
  const { registryPollEvery, registryMaxStaleness } = settings;
  const { maxClockSkew } = store;
  const clock = platform.clock(() => store.isClockOff?.() ?? false);
  const clocks = { store, clock, machine, emit: listener, maxClockLag, startTimeout, mayBeBehind };
  const issuingClock = await IssuingClock.open(clocks);
  const uncertainRefreshes = new UncertainRefreshes(clock, machine);
  const secrets = new SecretVerifier(random, clock, platform.scrypt);
  const keyringDependencies = {
    clock,
    random,
    sealer,
    signatures,
    emit: listener,
    maxClockSkew,
    keyPollEvery,
    keyMaxStaleness,
  };
  const maxStaleness = registryMaxStaleness * 1000;
  // Nothing is served by it before what is stored was read.
  const registry = new Registry(buildSnapshot(file), clock, maxStaleness);
  const follower = new Follower({
    registry,
    store: store.registrations,
    prover: sealer,
    clock,
    maxStaleness,
    prepare: (next) => tenants.prepare(next),
    tell: ({ etag: _, ...fault }) => listener({ event: "registration_unusable", ...fault }),
  });
  const sweepClock = { now: async () => (await issuingClock.read()).issuedAt };
  const { registrations, ended } = openRegistrations({
    store,
    registry,
    follower,
    clock,
    random,
    prover: sealer,
    keyrings: keyringDependencies,
    sweepClock,
    pollEvery: registryPollEvery * 1000,
    maxStaleness,
    leastKept,
    tell: (tenant) => listener({ event: "tenant_purged", tenant }),
  });
  const [attempts, requests] = [new Attempts(clock), new Requests(clock)];
  const { tallies } = store.forTenant(NO_TENANT);
  const shared = {
    clock,
    issuingClock,
    uncertainRefreshes,
    secrets,
    attempts,
    quotas: new Quotas(clock, machine),
    random,
    registrations,
    maxClockSkew,
    grants: new Map(grants.map((grant) => [grant.grantType, grant])),
    authorities: platform.authorities({ clock, emit: listener }),
  };

  const tenants = new OpenTenants({ registry, store, shared, keyrings: keyringDependencies }, idleness);
  await follower.start();
  const elapsed = () => machine.elapsed();
  const limiters = [requests.limit];
  const performing = { registry, listener, recorder, elapsed, admit, limiters, authenticators };
  const sweeping = { store, clock: sweepClock, machine };
  return {
    engine: createEngine((id) => tenants.get(id), shared, performing),
    tenants: tenants.parts,
    instance: shared,
    tenant: (id) => (registry.tenant(id) === undefined ? undefined : tenants.get(id)),
    get brokenKeys() {
      return tenants.broken;
    },
    registry,
    performing,
    checks: healthChecks({ store, clock, issuingClock, registry, tenants }),
    jobs: [
      { name: JOBS.reconcile, every: RECONCILE_EVERY, run: () => uncertainRefreshes.reconcileAll() },
      {
        name: JOBS.shareCounts,
        every: SHARE_COUNTS_EVERY,
        run: async () => void (await Promise.all([attempts.exchange(tallies), requests.exchange(tallies)])),
      },
      { name: JOBS.report, every: REPORT_EVERY, run: async () => secrets.report(listener) },
      { name: JOBS.sweep, every: SWEEP_EVERY, run: (signal) => sweep(sweeping, signal) },
      { name: JOBS.endTenants, every: SWEEP_EVERY, run: (signal) => ended.finish(signal) },
      { name: JOBS.pollKeys, every: keyPollEvery * 1000, run: () => tenants.pollKeys() },
      { name: JOBS.tendIdle, every: keyPollEvery * 1000, run: (signal) => tenants.tendIdle(signal) },
      { name: JOBS.pollRegistry, every: registryPollEvery * 1000, run: () => follower.poll() },
    ],
    pollKeys: () => tenants.pollKeys(),
    reconfigure: (file) => follower.reconfigure(file),
    async close() {
      secrets.report(listener);
      await uncertainRefreshes.reconcileAll();
    },
  };
}
