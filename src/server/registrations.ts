import type { Clock, Instant } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { recordLifetimes } from "../engine/tokens/revoke-subject.ts";
import { type KeyringDependencies, openKeyring } from "../keyring/index.ts";
import { EndedTenants } from "../registry/ended-tenants.ts";
import type { Follower } from "../registry/follower.ts";
import { IssuerReservations } from "../registry/issuer-reservations.ts";
import { Keeping } from "../registry/keeping.ts";
import type { Prover } from "../registry/proof.ts";
import { Registrations } from "../registry/registrations.ts";
import type { Registry } from "../registry/registry.ts";
import { RowMaker } from "../registry/row-maker.ts";
import type { Tenant } from "../registry/tenant.ts";
import type { Store } from "../store/port.ts";
import { LONGEST_LIFETIMES } from "../token/lifetimes.ts";

/** For how long a tombstone is kept at least, in milliseconds. */
const LEAST_KEPT = 2 * 86_400_000;

/** What writing registrations needs of a node. Times in milliseconds. */
interface RegistrationParts {
  readonly store: Store;
  readonly registry: Registry;
  readonly follower: Follower;
  readonly clock: Clock;
  readonly random: Random;
  readonly prover: Prover;
  readonly keyrings: KeyringDependencies;
  /** Reads what is recorded durably before it is used. */
  readonly sweepClock: { now(): Promise<Instant> };
  readonly pollEvery: number;
  readonly maxStaleness: number;
  /** For how long what was deleted is kept in mind at least; two days by default. */
  readonly leastKept?: number | undefined;
  /** Hears of a deleted tenant whose keys have gone, too. */
  readonly tell: (tenant: string) => void;
}

/** What writes registrations, and what finishes the end of tenants. */
interface OpenedRegistrations {
  readonly registrations: Registrations;
  readonly ended: EndedTenants;
}

/** Assembles what writes registrations. */
export function openRegistrations({ store, random, keyrings, ...parts }: RegistrationParts): OpenedRegistrations {
  const { registrations, maxClockSkew } = store;
  const { clock, prover, maxStaleness, leastKept: least = LEAST_KEPT } = parts;
  const rows = new RowMaker({ clock, random, prover });
  const longest = (tenant: string) => longestLifetime(store, tenant);
  const keeping = new Keeping({ longestLifetime: longest, maxClockSkew, maxStaleness, least });
  const forgetKeys = (tenant: string, createdUpTo: Instant) => store.forTenant(tenant).keys.forget(createdUpTo);
  return {
    registrations: new Registrations({
      ...parts,
      store: registrations,
      rows,
      keeping,
      issuers: new IssuerReservations({ store: registrations, clock, prover, rows, keeping }),
      recordLifetimes: (tenant) => recordLifetimes(tenant, store.forTenant(tenant.id).meta),
      makeKeys: (tenant) => makeKeys(tenant, store, keyrings),
      maxClockSkew,
    }),
    ended: new EndedTenants({ ...parts, store: registrations, clock: parts.sweepClock, rows, keeping, forgetKeys }),
  };
}

async function longestLifetime(store: Store, tenant: string): Promise<number> {
  const { meta } = store.forTenant(tenant);
  const lifetimes = await Promise.all([meta.read(LONGEST_LIFETIMES.jwt), meta.read(LONGEST_LIFETIMES.grant)]);
  return Math.max(...lifetimes.map((seconds) => (seconds ?? 0) * 1000));
}

async function makeKeys(tenant: Tenant, store: Store, keyrings: KeyringDependencies): Promise<void> {
  const opening = { makesKeys: true, seals: { wasComplete: false } };
  await openKeyring(tenant.id, () => tenant, store.forTenant(tenant.id), keyrings, opening);
}
