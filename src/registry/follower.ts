import type { Clock, Instant } from "../base/clock.ts";
import { ConfigError } from "../schema/problems.ts";
import type { RegistrationRecord, RegistrationStore } from "../store/registration-port.ts";
import { type Fault, faultsOf, newProblems } from "./faults.ts";
import type { FilePart } from "./file-part.ts";
import type { Prover } from "./proof.ts";
import type { Registry } from "./registry.ts";
import { buildSnapshot, type Snapshot } from "./snapshot.ts";
import { NOTHING_STORED, withRows } from "./stored-part.ts";

/** Rows per read. */
const PAGE = 500;

/** What following the registrations needs. */
interface FollowerDependencies {
  readonly registry: Registry;
  readonly store: RegistrationStore;
  readonly prover: Prover;
  readonly clock: Pick<Clock, "now">;
  /** After how long without a read everything is read again, in milliseconds: longer than that, tombstones may be missed. */
  readonly maxStaleness: number;
  /**
   * Makes ready whatever the tenants of a snapshot need before they are served. Resolves to why stored tenants cannot be,
   * by id. Throws without any effect if a tenant of the file cannot be, or the store is unavailable.
   */
  readonly prepare: (next: Snapshot) => Promise<ReadonlyMap<string, string>>;
  /** Hears of every stored row that is not used as it is written, once. */
  readonly tell: (fault: Fault) => void;
}

/** Keeps a registry up to date with its two sources. Every change is built, prepared and swapped in, one at a time. */
export class Follower {
  readonly #dependencies: FollowerDependencies;
  /** The revision up to which everything was read. */
  #upTo = 0;
  #readAt: Instant = Number.NEGATIVE_INFINITY;
  #last: Promise<unknown> = Promise.resolve();
  /** What was told of, by etag and problems. */
  #told: ReadonlySet<string> = new Set();

  constructor(dependencies: FollowerDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Reads everything for the first time. Throws ConfigError if the file contradicts what is stored, and what preparing
   * throws.
   */
  start(): Promise<void> {
    return this.#inTurn(() => this.#read(this.#dependencies.clock.now(), ({ conflicts }) => refuse(conflicts)));
  }

  /** Reads what was registered since the last time, if anything. Throws StoreUnavailableError, without any change. */
  poll(): Promise<void> {
    return this.#inTurn(async () => {
      const { store, clock } = this.#dependencies;
      const now = clock.now();
      if (!this.#isBehind(now) && (await store.revision()) === this.#upTo) this.#confirm(now, this.#upTo);
      else await this.#read(now);
    });
  }

  /**
   * Lays another file over what is stored. Throws ConfigError if it contradicts something that is stored or makes an entry
   * unusable, and what preparing throws, without any change.
   */
  reconfigure(file: FilePart): Promise<void> {
    return this.#inTurn(async () => {
      const current = this.#dependencies.registry.snapshot;
      const next = buildSnapshot(file, current.stored, current);
      refuse([...next.conflicts, ...newProblems(next, current)]);
      await this.#swapIn(next);
    });
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Whether tombstones may have gone since the last read. */
  #isBehind(now: Instant): boolean {
    return now - this.#readAt > this.#dependencies.maxStaleness;
  }

  async #read(now: Instant, check: (next: Snapshot) => void = () => undefined): Promise<void> {
    const { registry, store, prover } = this.#dependencies;
    const { file, stored } = registry.snapshot;
    const isBehind = this.#isBehind(now);
    const { records, upTo } = await changesSince(store, isBehind ? 0 : this.#upTo);
    const rows = withRows(isBehind ? NOTHING_STORED : stored, records, prover, stored);
    const next = buildSnapshot(file, rows, registry.snapshot);
    check(next);
    await this.#swapIn(next);
    this.#confirm(now, upTo);
  }

  async #swapIn(next: Snapshot): Promise<void> {
    const { registry, prepare } = this.#dependencies;
    const unusable = await prepare(next);
    const served = unusable.size === 0 ? next : buildSnapshot(next.file, next.stored, next, unusable);
    registry.replace(served);
    this.#tellFaults(served);
  }

  /** Only now: what could not be prepared is read again. */
  #confirm(readAt: Instant, upTo: number): void {
    this.#upTo = upTo;
    this.#readAt = readAt;
    this.#dependencies.registry.confirm(readAt);
  }

  #tellFaults(snapshot: Snapshot): void {
    const faults = new Map(faultsOf(snapshot).map((fault) => [JSON.stringify(fault), fault]));
    for (const [name, fault] of faults) if (!this.#told.has(name)) this.#dependencies.tell(fault);
    this.#told = new Set(faults.keys());
  }
}

/** Everything that was written after a revision, and up to which revision nothing is missing. */
async function changesSince(
  store: RegistrationStore,
  revision: number,
): Promise<{ readonly records: readonly RegistrationRecord[]; readonly upTo: number }> {
  let page = await store.changes(revision, PAGE);
  const { upTo } = page;
  const records = [...page.records];
  while (page.next !== undefined) {
    page = await store.changes(page.next, PAGE);
    for (const record of page.records) records.push(record);
  }
  return { records, upTo };
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new ConfigError(problems);
}
