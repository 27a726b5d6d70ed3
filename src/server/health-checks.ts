import type { Clock, Instant } from "../base/clock.ts";
import type { TenantParts } from "../engine/context.ts";
import type { IssuingClock } from "../engine/issuing-clock.ts";
import type { TenantKeyring } from "../keyring/port.ts";
import type { Registry } from "../registry/registry.ts";
import { NO_TENANT, type Store } from "../store/port.ts";
import type { HealthCheck } from "./health.ts";

/** A number that no store needs to have: reading it is an answer. */
const ANY_NUMBER = "health";

/** What a node's checks look at. */
interface Checked {
  readonly store: Store;
  readonly clock: Clock;
  readonly issuingClock: IssuingClock;
  readonly registry: Registry;
  readonly tenants: Iterable<TenantParts>;
}

/** What every node must have to serve. */
export function healthChecks({ store, clock, issuingClock, registry, tenants }: Checked): readonly HealthCheck[] {
  return [
    {
      name: "store",
      async run() {
        await store.forTenant(NO_TENANT).meta.read(ANY_NUMBER);
        return undefined;
      },
    },
    {
      name: "clock",
      async run() {
        issuingClock.assertRight();
        return undefined;
      },
    },
    {
      name: "keys",
      async run() {
        const now = clock.now();
        const all = Array.from(tenants);
        // One tenant's rows are the same on every node: they are no reason to send nobody to any of them.
        const isStale = all.length > 0 && !all.some(({ keyring }) => isFresh(keyring, now));
        return isStale ? "no tenant's keys could be read for too long" : undefined;
      },
    },
    {
      name: "registry",
      async run() {
        return Iterator.from(registry.tenants()).next().done ? "there are no tenants" : undefined;
      },
    },
  ];
}

function isFresh(keyring: TenantKeyring, now: Instant): boolean {
  try {
    keyring.jwks(now);
    return true;
  } catch {
    return false;
  }
}
