import type { Clock } from "../base/clock.ts";
import { KeyUnavailableError, type TenantKeyring } from "../keyring/port.ts";
import type { TenantStore } from "../store/port.ts";
import type { Emit } from "../telemetry/events.ts";
import { familyText, isRowMac, makeRowMac, referenceTokenText, rowMacGeneration } from "../token/row-mac.ts";

/** Rejected rows are told of at most once in this time, in milliseconds. */
const TELL_EVERY = 60_000;

/** What checking rows needs. */
interface ProvingDependencies {
  readonly tenant: string;
  readonly keyring: TenantKeyring;
  readonly clock: Clock;
}

/**
 * Makes the MAC of a row under one generation of the refresh key. Throws KeyUnavailableError if that key is not loaded.
 */
export function proveRow(text: string, generation: number, keyring: TenantKeyring): string {
  const rowMac = makeRowMac(text, generation, (key, signed) => keyring.mac(key, signed));
  if (rowMac === undefined) throw new KeyUnavailableError("The active key for refresh tokens is not loaded.");
  return rowMac;
}

/**
 * A tenant's store in which grants and reference tokens exist only if this mint wrote them and nobody changed them; any
 * other row reads as absent. So whoever can write to the database can end or revive what the mint made, but cannot
 * forge a grant or a token. Rejected rows are told of through the `emit` of the request that meets them.
 */
export function provenStore(store: TenantStore, dependencies: ProvingDependencies): (emit: Emit) => TenantStore {
  const { tenant, keyring, clock } = dependencies;
  const tell = toldNowAndThen(dependencies);

  async function isGenuine(rowMac: string | undefined, text: string): Promise<boolean> {
    // Rows without a MAC come from a version that made none. They are accepted until the last of them has expired;
    // after that, leaving out the MAC must not be a way to forge one.
    if (rowMac === undefined) return clock.now() < keyring.oldRowsUntil();
    const generation = rowMacGeneration(rowMac);
    if (generation === undefined) return false;
    // Another node may have made the key a moment ago, and this one not read it yet.
    await keyring.awaitRefreshKey(generation);
    return isRowMac(rowMac, text, (key, signed) => keyring.mac(key, signed));
  }

  async function proven<R extends { readonly mac: string | undefined }>(
    found: Promise<R | undefined> | R,
    textOf: (tenant: string, row: R) => string,
    emit: Emit,
  ): Promise<R | undefined> {
    const row = await found;
    if (row === undefined || (await isGenuine(row.mac, textOf(tenant, row)))) return row;
    tell(emit);
    return undefined;
  }

  return (emit) => ({
    ...store,
    families: {
      ...store.families,
      // Only reads are checked. Writes go by id, and can only end or move a row that a read has accepted.
      find: (id) => proven(store.families.find(id), familyText, emit),
      async findAll(ids) {
        const families = await store.families.findAll(ids);
        const genuine = await Promise.all(families.map((row) => proven(row, familyText, emit)));
        return genuine.filter((row) => row !== undefined);
      },
      async list(query) {
        const { families, next } = await store.families.list(query);
        const genuine = await Promise.all(families.map((row) => proven(row, familyText, emit)));
        return { families: genuine.filter((row) => row !== undefined), next };
      },
    },
    referenceTokens: {
      ...store.referenceTokens,
      find: (digest) => proven(store.referenceTokens.find(digest), referenceTokenText, emit),
    },
  });
}

/** Tells how many rows were rejected, and nothing of their contents. */
function toldNowAndThen({ tenant, clock }: ProvingDependencies): (emit: Emit) => void {
  let count = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  return (emit) => {
    count += 1;
    const now = clock.now();
    if (now < toldAt + TELL_EVERY) return;
    emit({ event: "rows_not_genuine", tenant, count });
    toldAt = now;
    count = 0;
  };
}
