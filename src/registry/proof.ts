import type { RegistrationRecord, RegistrationStore } from "../store/registration-port.ts";
import { registrationText } from "../token/row-mac.ts";

/** Makes and checks the MACs of registrations, under a key that is not in the store. */
export interface Prover {
  authenticate(text: string): string;
  isAuthentic(text: string, mac: string): boolean;
}

/** Rows per read. */
const PAGE = 500;

/** The row with its MAC. */
export function prove(row: Omit<RegistrationRecord, "mac">, prover: Prover): RegistrationRecord {
  return { ...row, mac: prover.authenticate(registrationText(row)) };
}

/** Whether this mint wrote the row, and all of it. Whoever can write to the store can put an older such row back. */
export function isProven(row: RegistrationRecord, prover: Prover): boolean {
  return prover.isAuthentic(registrationText(row), row.mac);
}

/** All rows, tombstones included, as they are read. */
export async function* allRegistrations(store: RegistrationStore): AsyncGenerator<RegistrationRecord> {
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await store.changes(after, PAGE);
    yield* page.records;
    after = page.next;
  }
}

/** What became of the MACs of all rows. */
interface ProvenAnew {
  readonly renewed: number;
  readonly total: number;
  /** How many rows stay as they are, as this mint did not write them. */
  readonly notGenuine: number;
}

/**
 * Makes the MAC of every row anew under the current key. May be interrupted and repeated: each row is replaced only if it
 * still is what was checked. Throws StoreUnavailableError.
 */
export async function proveAnew(store: RegistrationStore, prover: Prover): Promise<ProvenAnew> {
  let [renewed, total, notGenuine] = [0, 0, 0];
  for await (const row of allRegistrations(store)) {
    total += 1;
    const { mac } = prove(row, prover);
    if (!isProven(row, prover)) notGenuine += 1;
    // With its own etag: it says the same as before.
    else if (mac !== row.mac && "revision" in (await store.put({ ...row, mac }, row.etag))) renewed += 1;
  }
  return { renewed, total, notGenuine };
}
