import type { Instant } from "../base/clock.ts";
import { NOTHING_WRITTEN, type StoredEntry } from "./document.ts";
import type { EntryKind } from "./entries.ts";
import { newProblems } from "./faults.ts";
import { RegistrationError } from "./registration-error.ts";
import type { Snapshot } from "./snapshot.ts";
import type { StoredRow } from "./stored-part.ts";

/** What an operator changes. */
export interface Change {
  readonly kind: EntryKind;
  readonly tenant: string;
  /** The client's id, or the tenant's. */
  readonly id: string;
  /**
   * What is done, which matters if what is there cannot be used: `create`, the default, replaces what this mint did not
   * write; `delete` needs to read nothing.
   */
  readonly does?: "create" | "change" | "delete" | undefined;
  /** The etag that the caller has seen; absent: any. */
  readonly ifEtag?: string | undefined;
  /**
   * Makes the entry that shall be there from the one that is there, undefined if there is none; returns undefined to delete
   * it. May be called several times. What it throws reaches the caller.
   */
  readonly make: (current: StoredEntry | undefined) => StoredEntry | undefined;
  /** Whether the clients of a tenant are deleted with it; otherwise it must have none. */
  readonly force?: boolean | undefined;
  /** Whether to write nothing. */
  readonly validateOnly?: boolean | undefined;
  /** Names the request, so that a retry of the last write finds what it did. */
  readonly request?: string | undefined;
}

/**
 * What is there, for the change to be made of; undefined for what it may replace as if there were nothing. Throws
 * {@link RegistrationError} if it cannot be used.
 */
export function currentOf({ isProven, says }: StoredRow, change: Change): StoredEntry | undefined {
  if (!("problems" in says)) return says;
  const { does = "create" } = change;
  if (does === "delete") return NOTHING_WRITTEN;
  if (does === "create" && !isProven) return undefined;
  const problems = says.problems.map((problem) => `${nameOf(change)} can only be deleted: ${problem}`);
  throw new RegistrationError("unusable", problems);
}

/** Throws {@link RegistrationError} if the entry is the file's. */
export function assertNotInFile({ parts }: Snapshot, change: Change): void {
  const inFile = parts.get(change.tenant)?.inFile;
  const isInFile = change.kind === "tenant" ? inFile !== undefined : inFile?.clients.has(change.id) === true;
  if (isInFile)
    throw new RegistrationError("file", [`${nameOf(change)} is in the configuration file, and is changed there`]);
}

/** Throws {@link RegistrationError} for a tenant with clients that are not to go with it. */
export function assertUnused({ parts }: Snapshot, change: Change): void {
  const clients = parts.get(change.tenant)?.registered.size ?? 0;
  if (change.kind !== "tenant" || change.force || clients === 0) return;
  throw new RegistrationError("in use", [`${nameOf(change)} still has clients (${clients})`]);
}

/**
 * Throws {@link RegistrationError} if there is no such tenant for a client, or if nobody can have a tenant's name yet.
 * `keptUntil`: until when nobody can; undefined: anybody.
 */
export function assertPossible({ tenants }: Snapshot, change: Change, keptUntil: Instant | undefined): void {
  if (change.kind === "client" && !tenants.has(change.tenant))
    throw new RegistrationError("no tenant", [`${change.tenant} is not a tenant`]);
  if (change.kind === "tenant" && keptUntil !== undefined)
    throw new RegistrationError("kept", [`${nameOf(change)} was deleted: its name ${freeSoonAfter(keptUntil)}`]);
}

/** Says when something of a tenant that was deleted can be used again. */
export function freeSoonAfter(keptUntil: Instant): string {
  return `is free soon after ${new Date(keptUntil).toISOString()}, as a token with it may live until then`;
}

/** What keeps the changed entry itself from being used as it is written. */
function ownProblems({ parts }: Snapshot, { kind, tenant, id }: Change): readonly string[] {
  const part = parts.get(tenant);
  return (kind === "tenant" ? part?.stored : part?.clients.get(id))?.problems ?? [];
}

/** Throws {@link RegistrationError} if the entry would not be used as it is written, or another one no longer. */
export function assertUsable(next: Snapshot, current: Snapshot, change: Change): void {
  const problems = [...ownProblems(next, change), ...newProblems(next, current, change)];
  if (problems.length > 0) throw new RegistrationError("invalid", problems);
}

/** The refusal of a change whose caller has not seen the row that is there. */
export function stale(change: Change): RegistrationError {
  return new RegistrationError("stale", [`${nameOf(change)} was changed by somebody else`]);
}

/** Names what is changed, for people. */
export function nameOf({ kind, id }: Change): string {
  return `the ${kind} ${id}`;
}
