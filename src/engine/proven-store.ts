import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { KeyUnavailableError, type TenantKeyring } from "../keyring/port.ts";
import type { TenantStore } from "../store/port.ts";
import { familyText, isRowMac, makeRowMac, referenceTokenText, rowMacGeneration } from "../token/row-mac.ts";

/** At most one line in this time tells of rows that were not taken, in milliseconds. */
const TELL_EVERY = 60_000;

/** What telling genuine rows from others needs. */
interface ProvingDependencies {
  readonly tenant: string;
  readonly keyring: TenantKeyring;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Makes the MAC of a row under one generation of the refresh key. Throws KeyUnavailableError if that is not loaded. */
export function proveRow(text: string, generation: number, keyring: TenantKeyring): string {
  const rowMac = makeRowMac(text, generation, (key, signed) => keyring.mac(key, signed));
  if (rowMac === undefined) throw new KeyUnavailableError("The active key for refresh tokens is not loaded.");
  return rowMac;
}

/**
 * A tenant's part of a store, of which grants and reference tokens are read only if this mint wrote them, as they are:
 * any other is as if it were not there. So whoever can write the store can end or revive what the mint made, and makes
 * nothing himself.
 */
export function provenStore(store: TenantStore, dependencies: ProvingDependencies): TenantStore {
  const { tenant, keyring, clock } = dependencies;
  const tell = toldNowAndThen(dependencies);

  async function isGenuine(rowMac: string | undefined, text: string): Promise<boolean> {
    // Rows of a version that made no MACs, until the last of them has ended.
    if (rowMac === undefined) return clock.now() < keyring.oldRowsUntil();
    const generation = rowMacGeneration(rowMac);
    if (generation === undefined) return false;
    await keyring.awaitRefreshKey(generation);
    return isRowMac(rowMac, text, (key, signed) => keyring.mac(key, signed));
  }

  async function proven<R extends { readonly mac: string | undefined }>(
    row: R | undefined,
    textOf: (tenant: string, row: R) => string,
  ): Promise<R | undefined> {
    if (row === undefined || (await isGenuine(row.mac, textOf(tenant, row)))) return row;
    tell();
    return undefined;
  }

  return {
    ...store,
    families: {
      ...store.families,
      find: async (id) => proven(await store.families.find(id), familyText),
    },
    referenceTokens: {
      ...store.referenceTokens,
      find: async (digest) => proven(await store.referenceTokens.find(digest), referenceTokenText),
    },
  };
}

/** Tells the log how many rows were not taken, and nothing of what is in them. */
function toldNowAndThen({ tenant, clock, logger }: ProvingDependencies): () => void {
  let count = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  return () => {
    count += 1;
    const now = clock.now();
    if (now < toldAt + TELL_EVERY) return;
    const fields = { event: "rows_not_genuine", tenant, count };
    logger.warn(fields, "rows of the store were not taken: this mint did not write them, or not as they are");
    toldAt = now;
    count = 0;
  };
}
