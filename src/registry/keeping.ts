import { FOREVER, type Instant } from "../base/clock.ts";
import type { RegistrationRecord } from "../store/registration-port.ts";

/** What it depends on for how long something that was deleted is kept in mind. Times in milliseconds. */
interface KeepingDependencies {
  /** For how long the tokens of a tenant can matter, at the longest that was ever configured. */
  readonly longestLifetime: (tenant: string) => Promise<number>;
  readonly maxClockSkew: number;
  /** For how long a node acts by what it last read. */
  readonly maxStaleness: number;
  /** For how long a tombstone is kept at least: longer than any node may go without reading. */
  readonly least: number;
}

/** For how long something that was deleted is kept in mind. */
export class Keeping {
  readonly #dependencies: KeepingDependencies;

  constructor(dependencies: KeepingDependencies) {
    this.#dependencies = dependencies;
  }

  /** When no token of a tenant is alive any more that had something which was deleted then. */
  async until(tenant: string, deletedAt: Instant): Promise<Instant> {
    const { longestLifetime, maxClockSkew, least } = this.#dependencies;
    const lifetime = await longestLifetime(tenant);
    return Math.max(deletedAt + least, this.servedUntil(deletedAt) + lifetime + 2 * maxClockSkew);
  }

  /** By when no node acts any more by something that was deleted then. */
  servedUntil(deletedAt: Instant): Instant {
    const { maxStaleness, maxClockSkew } = this.#dependencies;
    return deletedAt + maxStaleness + 2 * maxClockSkew;
  }

  /** Until when nobody can have the name that a tombstone keeps; undefined if somebody can, or it is none. */
  async nameUntil({ tenant, deletedAt, purgeAt }: RegistrationRecord, now: Instant): Promise<Instant | undefined> {
    if (deletedAt === undefined || purgeAt <= now) return undefined;
    return purgeAt === FOREVER ? this.until(tenant, deletedAt) : purgeAt;
  }
}
