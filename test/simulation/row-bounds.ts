import type { KeyRecord, RevocationRecord } from "../../src/store/port.ts";
import type { StoreOperation } from "../support/simulated-store.ts";
import type { OperationName } from "./calls.ts";
import type { Done } from "./node.ts";
import { Violation } from "./oracle.ts";

/**
 * How many rows one call may add at most, by what adds them. A refresh adds no family: so the rows are bounded by the
 * grants, the reference tokens, the revocations and the keys, however long a run is.
 */
const MOST: Readonly<Partial<Record<StoreOperation, Partial<Record<OperationName, number>>>>> = {
  "families.create": { mint: 1 },
  "referenceTokens.create": { mint: 1, refresh: 1 },
  // A token's own, its subject's for the client, and for the namespace; a compromised key's, or a client's.
  "revocations.raise": { revoke: 3, rotate: 1, revokeClient: 1 },
  "keys.append": { rotate: 1 },
};

/** Counts the rows that calls add. What nodes do by themselves is counted at the end of a run. */
export class RowBounds {
  readonly #added = new Map<string, Set<unknown>>();
  #violation: Violation | undefined;

  note({ operation: { name, args }, result, call }: Done): void {
    const most = MOST[name];
    if (most === undefined || call === undefined || result === false) return;
    // Of the schedule, which the first call of a closed tenant looks after.
    if (name === "keys.append" && (args[0] as KeyRecord).request === undefined) return;
    const added = this.#added.get(`${name} ${call.id}`) ?? new Set();
    // A revocation that is raised is the same row.
    added.add(name === "revocations.raise" ? (args[0] as RevocationRecord).id : added.size);
    this.#added.set(`${name} ${call.id}`, added);
    if (added.size <= (most[call.operation] ?? 0)) return;
    this.#violation ??= new Violation(5, `${call.operation} #${call.id} made ${added.size} rows by ${name}`);
  }

  /** Throws the first violation, if there was one. */
  check(): void {
    if (this.#violation !== undefined) throw this.#violation;
  }
}
