import type { Instant } from "../../src/base/clock.ts";
import { isJsonObject, type JsonObject, parseExactJson } from "../../src/base/json.ts";
import type { RegistrationRecord } from "../../src/store/registration-port.ts";
import { LONGEST_LIFETIMES } from "../../src/token/lifetimes.ts";
import type { Clocks } from "./clocks.ts";
import type { Done, Incarnation } from "./node.ts";
import { Violation } from "./oracle.ts";

/** What was registered for a while. Instants are in true time. */
interface Version {
  /** When the store had it. */
  readonly from: Instant;
  /** Whether the client is there, and not disabled. */
  readonly isOn: boolean;
  /** When the moments of the answer are over at the latest; infinite if nobody was told. */
  effective: Instant;
  certain: Instant;
}

/** What a write's answer tells: in how many milliseconds, by the clock of its node. */
interface Moments {
  readonly effectiveIn: number;
  readonly certainIn: number;
}

/** One use of a registered client, as its caller knows it. Instants are in true time. */
export interface Use {
  readonly node: Incarnation;
  readonly tenant: string;
  readonly start: Instant;
  /** When the node's last good read of the registrations began before that. */
  readonly readAt: Instant;
  readonly end: Instant;
  /** Whether the node acted as if the client were on, or off; "unsure": it does not tell. */
  readonly outcome: "on" | "off" | "unsure";
}

/** How long a call of the store may be under way before its node learns that something is wrong, in milliseconds. */
const UNNOTICED = 10_000;

/** There is no client before anybody has registered it. */
const NOTHING: Version = { from: 0, isOn: false, effective: 0, certain: 0 };

/**
 * Knows what was registered when, tenants or one client for each, and checks what nodes make of it: whoever has read a
 * registration acts by it; whoever can read has read it once the answer's moment is over; and then, after a while, nobody
 * acts by what was before. Nothing is written before its lifetimes are recorded.
 */
export class RegistrationsOracle {
  readonly #clocks: Clocks;
  readonly #kind: "client" | "tenant";
  readonly #id: string;
  readonly #versions = new Map<string, Version[]>();
  readonly #lifetimes = new Map<string, number>();
  #violation: Violation | undefined;

  /** What is registered, in any tenant. */
  constructor(clocks: Clocks, kind: "client" | "tenant", id: string) {
    this.#clocks = clocks;
    this.#kind = kind;
    this.#id = id;
  }

  /** The store has done something. */
  note({ operation: { tenant = "", name, args }, result }: Done, now: Instant): void {
    if (name === "meta.raise") this.#lifetimes.set(`${tenant} ${args[0]}`, Number(result));
    if (name !== "registrations.put" || "conflict" in (result as object)) return;
    const [record] = args as [RegistrationRecord];
    if (record.kind !== this.#kind || record.id !== this.#id) return;
    // What becomes of a tombstone changes nothing for those who use what it ended.
    if (record.deletedAt !== undefined && this.#of(record.tenant).at(-1)?.isOn === false) return;
    const entry = record.deletedAt === undefined ? entryOf(record) : undefined;
    const isOn = entry !== undefined && entry.enabled !== false;
    this.#of(record.tenant).push({ from: now, isOn, effective: Infinity, certain: Infinity });
    if (entry !== undefined && this.#kind === "client") this.#checkLifetimes(record.tenant, entry);
  }

  /** A write was answered, which began then. Returns when the store had it; undefined if it had it before. */
  told(tenant: string, start: Instant, end: Instant, { effectiveIn, certainIn }: Moments): Instant | undefined {
    const version = this.#of(tenant).findLast(({ from }) => start <= from && from <= end);
    if (version === undefined) return undefined;
    version.effective = end + this.#trueTime(effectiveIn);
    version.certain = end + this.#trueTime(certainIn);
    return version.from;
  }

  /** A client was used: throws a {@link Violation} if what came of it cannot be right. */
  used(use: Use): void {
    if (this.#violation !== undefined) throw this.#violation;
    const { node, start, readAt, end, outcome } = use;
    const seen = this.#of(use.tenant).filter(({ from }) => from <= end);
    const latest = seen.findLast(({ from }) => from < start) ?? NOTHING;
    const hadTrouble = Math.max(node.lastFailure, node.lastSlow) >= latest.from;
    const isRead = readAt >= latest.from || hadTrouble || start < latest.effective + UNNOTICED;
    if (!isRead) throw new Violation(8, "a node that can read a registration has not read it in time");
    const possible = this.#possible(seen, use);
    if (outcome === "on" && possible.every(({ isOn }) => !isOn))
      throw new Violation(8, `a ${this.#kind} that is disabled, deleted or not there was served`);
    if (outcome === "off" && possible.every(({ isOn }) => isOn))
      throw new Violation(8, `a registered ${this.#kind} was refused`);
  }

  /** What a node may act by: nothing older than what it has read, nor what nobody may act by any more. */
  #possible(seen: readonly Version[], { start, readAt }: Use): readonly Version[] {
    const all = [NOTHING, ...seen];
    const known = all.findLastIndex(({ from }) => from < readAt);
    const over = all.findLastIndex(({ certain }) => certain < start);
    return all.slice(Math.max(known, over, 0));
  }

  /** A clock that was set back goes at half its pace, and may be off before and after. */
  #trueTime(milliseconds: number): number {
    return milliseconds * (this.#clocks.kind === "one" ? 2 : 1) + 2 * this.#clocks.off;
  }

  #checkLifetimes(tenant: string, entry: JsonObject): void {
    const [access, absolute] = [Number(entry.accessTokenLifetime), Number(entry.absoluteRefreshTokenLifetime)];
    const recorded = (name: string) => this.#lifetimes.get(`${tenant} ${name}`) ?? 0;
    if (recorded(LONGEST_LIFETIMES.jwt) >= access && recorded(LONGEST_LIFETIMES.grant) >= access + absolute) return;
    this.#violation ??= new Violation(8, "an entry was written before its lifetimes were recorded");
  }

  #of(tenant: string): Version[] {
    const versions = this.#versions.get(tenant) ?? [];
    this.#versions.set(tenant, versions);
    return versions;
  }
}

function entryOf({ document }: RegistrationRecord): JsonObject {
  const written = parseExactJson(document);
  const entry = isJsonObject(written) ? written.entry : undefined;
  if (!isJsonObject(entry)) throw new Error("a registration has no entry");
  return entry;
}
