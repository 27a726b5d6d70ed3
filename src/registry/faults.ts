import type { Snapshot } from "./snapshot.ts";
import type { TenantPart, Used } from "./tenant-part.ts";

/** A stored row that is not used as it is written. */
export interface Fault {
  readonly kind: "tenant" | "client";
  readonly tenant: string;
  readonly id: string;
  readonly etag: string;
  /** Whether what the row said before is still used. */
  readonly isKept: boolean;
  /** Why, one line each. */
  readonly problems: readonly string[];
}

/** Found once for each snapshot: a health check asks every second. */
const found = new WeakMap<Snapshot, readonly Fault[]>();
/** And once for each tenant: most stay the same. */
const foundInPart = new WeakMap<TenantPart, readonly Fault[]>();

/** Every stored row that a snapshot does not use as it is written. */
export function faultsOf(snapshot: Snapshot): readonly Fault[] {
  const faults = found.get(snapshot) ?? findFaults(snapshot);
  found.set(snapshot, faults);
  return faults;
}

function findFaults({ parts }: Snapshot): readonly Fault[] {
  const faults: Fault[] = [];
  for (const part of parts.values()) {
    const own = foundInPart.get(part) ?? faultsIn(part);
    foundInPart.set(part, own);
    for (const fault of own) faults.push(fault);
  }
  return faults;
}

function faultsIn({ id: tenant, stored, clients }: TenantPart): readonly Fault[] {
  const faults: Fault[] = [];
  if (stored !== undefined && stored.problems.length > 0) faults.push(faultOf("tenant", tenant, stored));
  for (const used of clients.values()) if (used.problems.length > 0) faults.push(faultOf("client", tenant, used));
  return faults;
}

/**
 * What keeps rows from being used as they are written that were used so in the snapshot before, in lines that name the
 * row. `except`: a row that is looked at otherwise.
 */
export function newProblems(next: Snapshot, current: Snapshot, except?: Named): readonly string[] {
  const known = new Set([...faultsOf(current), ...(except === undefined ? [] : [except])].map(nameOf));
  return faultsOf(next)
    .filter((fault) => !known.has(nameOf(fault)))
    .flatMap(linesOf);
}

/** What identifies a row. */
type Named = Pick<Fault, "kind" | "tenant" | "id">;

function nameOf({ kind, tenant, id }: Named): string {
  return JSON.stringify([kind, tenant, id]);
}

function faultOf(kind: Fault["kind"], tenant: string, { row, value, problems }: Used<unknown>): Fault {
  const { id, etag } = row.record;
  return { kind, tenant, id, etag, isKept: value !== undefined, problems };
}

function linesOf({ kind, tenant, id, problems }: Fault): readonly string[] {
  const of = kind === "tenant" ? `the stored tenant ${id}` : `the stored client ${id} of the tenant ${tenant}`;
  return problems.map((problem) => `${of}: ${problem}`);
}
