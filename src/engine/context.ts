import type { Authorities } from "../authorities/port.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Random } from "../base/random.ts";
import type { TenantKeyring } from "../keyring/port.ts";
import type { Tenant } from "../registry/tenant.ts";
import type { TenantStore } from "../store/port.ts";
import type { SecretVerifier } from "./clients/secrets.ts";
import type { GrantHandler } from "./grant.ts";
import type { IssuingClock, Reading } from "./issuing-clock.ts";
import type { Quotas } from "./quotas.ts";
import type { UncertainRefreshes } from "./tokens/uncertain-refreshes.ts";

/** What a tenant has for as long as a node runs, however its configuration changes. */
export interface TenantParts {
  readonly id: string;
  readonly keyring: TenantKeyring;
  readonly store: TenantStore;
  /** By how many milliseconds the clocks of nodes may differ at most. */
  readonly maxClockSkew: number;
  readonly uncertainRefreshes: UncertainRefreshes;
  readonly grants: ReadonlyMap<string, GrantHandler>;
  readonly secrets: SecretVerifier;
  readonly authorities: Authorities;
  readonly clock: Clock;
  readonly issuingClock: IssuingClock;
  readonly quotas: Quotas;
  readonly random: Random;
  readonly logger: Logger;
}

/** All that operations need, for one tenant: its parts, and what it is now. */
export interface TenantContext extends TenantParts {
  readonly tenant: Tenant;
}

/** What one request is performed with. */
export interface RequestContext extends TenantContext {
  /** The clock, read once before anything else: all that the request judges and makes is of this moment. */
  readonly reading: Reading;
}
