import type { JsonObject } from "../../src/base/json.ts";
import { jweSealer } from "../../src/keyring/seal.ts";
import { formatDocument, type StoredSecret } from "../../src/registry/document.ts";
import { allRegistrations, type Prover, prove } from "../../src/registry/proof.ts";
import type { RegistrationRecord, RegistrationStore } from "../../src/store/registration-port.ts";
import { aRegistration } from "../store/contract/records.ts";

/** Proves registrations of tests. */
export const prover: Prover = jweSealer([new Uint8Array(32).fill(7)]);

/** A row of a client of the tenant `default`, unless told, that this mint wrote. */
export function clientRow(
  id: string,
  entry: JsonObject,
  changes: Partial<RegistrationRecord> = {},
  secrets: readonly StoredSecret[] = [],
): RegistrationRecord {
  const document = formatDocument({ entry, secrets });
  return prove(aRegistration({ kind: "client", tenant: "default", id, document, etag: `${id}.1`, ...changes }), prover);
}

/** A row of a tenant that this mint wrote. */
export function tenantRow(
  id: string,
  entry: JsonObject,
  changes: Partial<RegistrationRecord> = {},
): RegistrationRecord {
  return clientRow(id, entry, { kind: "tenant", tenant: id, ...changes });
}

/** All rows of a store. */
export async function allRows(store: RegistrationStore): Promise<readonly RegistrationRecord[]> {
  const rows: RegistrationRecord[] = [];
  for await (const row of allRegistrations(store)) rows.push(row);
  return rows;
}
