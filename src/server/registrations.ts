import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { recordLifetimes } from "../engine/tokens/revoke-subject.ts";
import type { Follower } from "../registry/follower.ts";
import { IssuerReservations } from "../registry/issuer-reservations.ts";
import type { Prover } from "../registry/proof.ts";
import { Registrations } from "../registry/registrations.ts";
import type { Registry } from "../registry/registry.ts";
import { RowMaker } from "../registry/row-maker.ts";
import type { Store } from "../store/port.ts";
import { LONGEST_LIFETIMES } from "../token/lifetimes.ts";

/** What writing registrations needs of a node. Times in milliseconds. */
interface RegistrationParts {
  readonly store: Store;
  readonly registry: Registry;
  readonly follower: Follower;
  readonly clock: Clock;
  readonly random: Random;
  readonly prover: Prover;
  readonly pollEvery: number;
  readonly maxStaleness: number;
}

/** Assembles what writes registrations. */
export function openRegistrations({ store, random, ...parts }: RegistrationParts): Registrations {
  const { registrations, maxClockSkew } = store;
  const { clock, prover } = parts;
  const rows = new RowMaker({ clock, random, prover });
  return new Registrations({
    ...parts,
    store: registrations,
    rows,
    issuers: new IssuerReservations({ store: registrations, clock, prover, rows }),
    recordLifetimes: (tenant) => recordLifetimes(tenant, store.forTenant(tenant.id).meta),
    longestLifetime: (tenant) => longestLifetime(store, tenant),
    maxClockSkew,
  });
}

async function longestLifetime(store: Store, tenant: string): Promise<number> {
  const { meta } = store.forTenant(tenant);
  const lifetimes = await Promise.all([meta.read(LONGEST_LIFETIMES.jwt), meta.read(LONGEST_LIFETIMES.grant)]);
  return Math.max(...lifetimes.map((seconds) => (seconds ?? 0) * 1000));
}
