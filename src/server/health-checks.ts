import type { Clock, Instant } from "../base/clock.ts";
import type { TenantParts } from "../engine/context.ts";
import type { IssuingClock } from "../engine/issuing-clock.ts";
import type { TenantKeyring } from "../keyring/port.ts";
import { type Fault, faultsOf } from "../registry/faults.ts";
import type { Registry } from "../registry/registry.ts";
import { NO_TENANT, type Store } from "../store/port.ts";
import type { HealthCheck } from "./health.ts";

/** A number that the store need not contain: that it can be read is enough. */
const ANY_NUMBER = "health";

/** What the checks of a node examine. */
interface Checked {
  readonly store: Store;
  readonly clock: Clock;
  readonly issuingClock: IssuingClock;
  readonly registry: Registry;
  readonly tenants: {
    /** Those that are open, by id. */
    readonly parts: ReadonlyMap<string, TenantParts>;
    /** Why the keys of some do not open, by id. */
    readonly broken: ReadonlyMap<string, string>;
  };
}

/** The checks that every node must pass to serve. */
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
        const open = [...tenants.parts.values()];
        // A tenant's rows are the same on every node. One broken tenant must not take all nodes out of service.
        const isStale = open.length > 0 && !open.some(({ keyring }) => isFresh(keyring, now));
        return isStale ? "the keys of all tenants are too old, as reading them fails" : undefined;
      },
      remark: () => remarkOnKeys(tenants.broken.size),
    },
    {
      name: "registry",
      async run() {
        if (registry.isStale()) return "what operators have registered was last read too long ago";
        return Iterator.from(registry.tenants()).next().done ? "there are no tenants" : undefined;
      },
      remark: () => remarkOn(faultsOf(registry.snapshot)),
    },
  ];
}

/** An entry that is not used concerns its clients alone. */
function remarkOn(faults: readonly Fault[]): string | undefined {
  if (faults.length === 0) return undefined;
  return `${faults.length} registered tenants or clients are not used as they are written: the log says why`;
}

function remarkOnKeys(count: number): string | undefined {
  return count === 0 ? undefined : `the keys of ${count} tenants do not open: the log says why`;
}

function isFresh(keyring: TenantKeyring, now: Instant): boolean {
  try {
    keyring.jwks(now);
    return true;
  } catch {
    return false;
  }
}
