import { hostNetwork } from "../../src/base/address.ts";
import { ClockOffError, type Instant } from "../../src/base/clock.ts";
import { type Claim, windowOf } from "../../src/engine/limits/windows.ts";
import type { LimitName } from "../../src/registry/tenant.ts";
import type { Call } from "./calls.ts";
import type { Incarnation } from "./node.ts";
import { Violation } from "./oracle.ts";
import { tenantOf } from "./tenants.ts";

/** How a call presents itself to a node that limits its callers. */
export interface Presented {
  /** Undefined: what it gets wrong is not counted. */
  readonly address: string | undefined;
  /** Whether its secret is the right one. */
  readonly isRight: boolean;
}

/** A call, and between which readings of its node's clock it was counted, if it was. */
interface Noted extends Presented {
  readonly call: Call;
  /** All that the node could count it for, or refuse it by. */
  readonly claims: readonly Claim[];
  readonly before: Instant;
  /** Infinite while it is under way. */
  after: Instant;
}

/** Whether a call was counted for a claim, as far as its caller knows. */
type Charge = "no" | "maybe" | "sure";

/**
 * Knows how often nodes were called, and checks what limits make of it: no more of one node in a window than a rate
 * allows, no refusal before all nodes together have used it up, and none for what others got wrong.
 */
export class LimitsOracle {
  /** The calls that nodes count for the same: by the limit, and whom it counts for. */
  readonly #counted = new Map<string, Noted[]>();
  /** The right calls of one client from one network to one node. */
  readonly #right = new Map<string, Noted[]>();

  /** A call begins. */
  begin(call: Call, presented: Presented): Noted {
    const before = readingOf(call.node) ?? 0;
    const claims = claimsOf(call, presented);
    const noted = { call, ...presented, claims, before, after: Number.POSITIVE_INFINITY };
    for (const name of new Set(claims.map(groupOf))) add(this.#counted, name, noted);
    if (presented.isRight) add(this.#right, sourceOf(noted), noted);
    return noted;
  }

  /** It has ended: throws a {@link Violation} if its outcome cannot be right. */
  end(noted: Noted): void {
    noted.after = readingOf(noted.call.node) ?? Number.POSITIVE_INFINITY;
    for (const claim of noted.claims) {
      if (usedUpBy(noted, claim)) this.#checkRefusal(noted, claim);
      if (this.#charge(noted, claim) === "sure") this.#checkCount(noted, claim);
    }
  }

  #checkCount(noted: Noted, claim: Claim): void {
    const window = windowIn(noted, claim);
    if (window === undefined) return;
    // A node never lets through more than that itself. What others do it hears later.
    const counted = this.#others(noted, claim).filter(
      (other) =>
        other.call.node === noted.call.node &&
        windowIn(other, claim) === window &&
        this.#charge(other, claim) === "sure",
    );
    if (counted.length >= claim.rate.most) throw new Violation(7, `${nameOf(claim)} allowed more than it may`);
  }

  #checkRefusal(noted: Noted, claim: Claim): void {
    this.#checkSpared(noted, claim);
    if (windowIn(noted, claim) === undefined) return;
    const possible = this.#others(noted, claim).filter(
      (other) => mayShareWindow(other, noted, claim) && this.#charge(other, claim) !== "no",
    );
    if (possible.length < claim.rate.most) throw new Violation(7, `${nameOf(claim)} refused before it was used up`);
  }

  /** Whoever has proven itself is held up by what others get wrong only once there were as many guesses at its secret. */
  #checkSpared(noted: Noted, claim: Claim): void {
    if (claim.limit !== "failed_authentication_per_address" || !noted.isRight || !this.#isProven(noted)) return;
    const own = noted.claims.filter(({ limit }) => limit === "failed_authentication_per_client");
    if (own.some((each) => usedUpBy(noted, each) || this.#mayBeGuessedAt(noted, each))) return;
    throw new Violation(7, "a client was held up by what its neighbours got wrong");
  }

  /** Whether as many guesses as a rate allows may have been made while the client was spared. */
  #mayBeGuessedAt(noted: Noted, own: Claim): boolean {
    const whileSpared = { ...own, key: JSON.stringify([...JSON.parse(own.key), "while spared"]) };
    const guesses = this.#others(noted, own).filter((other) => !other.isRight);
    return guesses.filter((guess) => mayShareWindow(guess, noted, whileSpared)).length >= own.rate.most;
  }

  #others(noted: Noted, claim: Claim): readonly Noted[] {
    return this.#counted.get(groupOf(claim))?.filter((other) => other !== noted) ?? [];
  }

  #charge(noted: Noted, { limit }: Claim): Charge {
    const { outcome } = noted.call;
    const isForFailures = limit.startsWith("failed");
    if (isForFailures === noted.isRight) return "no";
    if (outcome === undefined || outcome.kind === "lost") return "maybe";
    if (outcome.kind === "refused" && outcome.usedUp !== undefined) return "no";
    if (outcome.kind === "refused" && outcome.code === "temporarily_unavailable") return "maybe";
    return "sure";
  }

  /** Whether the client had certainly proven itself from there on that node, when it was called. */
  #isProven(noted: Noted): boolean {
    const others = this.#right.get(sourceOf(noted))?.filter((other) => other !== noted) ?? [];
    return others.some(({ call, after }) => call.outcome?.kind === "done" && after < noted.before);
  }
}

function claimsOf({ tenant: id, node, client: name, operation }: Call, presented: Presented): readonly Claim[] {
  const tenant = tenantOf(id, node.variant);
  const client = tenant.clients.get(name);
  const network = networkOf(presented);
  const counted = (limit: LimitName, ...key: readonly string[]): readonly Claim[] => {
    const own =
      limit === "mint_per_client" || limit === "requests_per_client" ? client?.rateLimits?.[limit] : undefined;
    return (own ?? tenant.rateLimits[limit]).map((rate) => ({ limit, rate, key: JSON.stringify(key) }));
  };
  const failures = () => [
    ...counted("failed_authentication_per_client", id, "client", name, network ?? ""),
    ...counted("failed_authentication_per_address", id, network ?? ""),
  ];
  return [
    ...(network === undefined ? [] : failures()),
    ...(presented.isRight ? counted("requests_per_client", id, name) : []),
    ...(presented.isRight && operation === "mint" ? counted("mint_per_client", id, name) : []),
  ];
}

function usedUpBy({ call: { outcome } }: Noted, claim: Claim): boolean {
  if (outcome?.kind !== "refused") return false;
  return outcome.usedUp?.some(({ limit, rate }) => limit === claim.limit && rate.period === claim.rate.period) ?? false;
}

/** The window that all of a call was in; undefined if it may have been counted in another. */
function windowIn({ before, after }: Noted, claim: Claim): number | undefined {
  const window = windowOf(claim, before);
  return window === windowOf(claim, after) ? window : undefined;
}

function mayShareWindow(one: Noted, other: Noted, claim: Claim): boolean {
  return (
    windowOf(claim, one.before) <= windowOf(claim, other.after) &&
    windowOf(claim, one.after) >= windowOf(claim, other.before)
  );
}

function groupOf({ limit, key }: Claim): string {
  return `${limit} ${key}`;
}

function sourceOf({ call: { node, tenant, client }, ...presented }: Noted): string {
  return `${node.name} ${tenant} ${client} ${networkOf(presented)}`;
}

function networkOf({ address }: Pick<Presented, "address">): string | undefined {
  return address === undefined ? undefined : hostNetwork(address);
}

function nameOf({ limit, rate, key }: Claim): string {
  return `${limit} (${rate.most} in ${rate.period} s) of ${key}`;
}

function add(groups: Map<string, Noted[]>, name: string, noted: Noted): void {
  const group = groups.get(name) ?? [];
  group.push(noted);
  groups.set(name, group);
}

/** Undefined while the clock gives none. */
function readingOf({ clock }: Incarnation): Instant | undefined {
  try {
    return clock.now();
  } catch (error) {
    if (error instanceof ClockOffError) return undefined;
    throw error;
  }
}
