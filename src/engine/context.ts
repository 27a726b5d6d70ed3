import type { Authorities } from "../authorities/port.ts";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { TenantKeyring } from "../keyring/port.ts";
import type { Registrations } from "../registry/registrations.ts";
import type { Tenant } from "../registry/tenant.ts";
import type { TenantStore } from "../store/port.ts";
import type { Emit, Known } from "../telemetry/events.ts";
import type { SecretVerifier } from "./clients/secrets.ts";
import type { GrantHandler } from "./grant.ts";
import type { IssuingClock, Reading } from "./issuing-clock.ts";
import type { Attempts } from "./limits/attempts.ts";
import type { Quotas } from "./quotas.ts";
import type { Caller } from "./request.ts";
import type { UncertainRefreshes } from "./uncertain-refreshes.ts";

/** The parts of a tenant whose keys are open, however its configuration changes. */
export interface TenantParts {
  readonly id: string;
  readonly keyring: TenantKeyring;
  /** Opens the store for one request, which is told of through `emit`. */
  readonly storeFor: (emit: Emit) => TenantStore;
  /** The most by which the clocks of two nodes may differ, in milliseconds. */
  readonly maxClockSkew: number;
  /** Refreshes of this node whose outcome is not known yet. */
  readonly uncertainRefreshes: UncertainRefreshes;
  /** Every grant, by its `grant_type`. */
  readonly grants: ReadonlyMap<string, GrantHandler>;
  readonly secrets: SecretVerifier;
  readonly attempts: Attempts;
  readonly authorities: Authorities;
  /** What time it is: for checks that issue nothing. */
  readonly clock: Clock;
  /** The clock for whatever issues tokens: no later start of a node falls behind a time that it has given out. */
  readonly issuingClock: IssuingClock;
  readonly quotas: Quotas;
  /** What operators register, of any tenant. */
  readonly registrations: Registrations;
  readonly random: Random;
}

/** The parts of a node that belong to no tenant. */
export type InstanceParts = Pick<TenantParts, "registrations" | "secrets" | "attempts" | "clock">;

/** What one request runs with that is about the mint as a whole. */
export type InstanceContext = Pick<InstanceParts, "registrations" | "clock">;

/** A tenant of a node. Its keys, and with them its parts, are open while it is used. */
export interface TenantHandle {
  readonly id: string;
  /** Every grant, by its `grant_type`. */
  readonly grants: TenantParts["grants"];
  /** Its parts if it is open, without waiting. It counts as used from now on. */
  use(): TenantParts | undefined;
  /**
   * Opens it, once however many ask. Resolves to undefined if it is not served any more. Throws UnavailableError: whoever
   * asks next tries again.
   */
  ready(): Promise<TenantParts | undefined>;
}

/** Everything that operations need for one tenant: its parts, and the tenant as it is configured now. */
export interface TenantContext extends TenantParts {
  readonly tenant: Tenant;
  readonly store: TenantStore;
}

/** What one request runs with. */
export interface RequestContext extends TenantContext {
  /**
   * The clock, read once, before any look-up. Everything in the request is judged and issued as of this time: a second,
   * later reading would let a token escape a revocation that was written between the look-up and the reading.
   */
  readonly reading: Reading;
  /** What the request says of its caller beside the credentials. */
  readonly caller: Pick<Caller, "dpop" | "certificate">;
  /** Tells what is noticed on the way, with the request's id. */
  readonly emit: Emit;
  /** Notes what the event of the request's end should say, however that is. */
  note(known: Known): void;
}
