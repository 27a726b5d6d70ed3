import { afterEach, beforeEach, describe } from "vitest";
import type { Store, TenantStore } from "../../src/store/port.ts";
import { closeContract } from "./contract/close.ts";
import { countsContract } from "./contract/counts.ts";
import { familiesContract } from "./contract/families.ts";
import { familyListContract } from "./contract/family-list.ts";
import { keysContract } from "./contract/keys.ts";
import { metaContract } from "./contract/meta.ts";
import { nodesContract } from "./contract/nodes.ts";
import { referenceTokensContract } from "./contract/reference-tokens.ts";
import { registrationsContract } from "./contract/registrations.ts";
import { revocationsContract } from "./contract/revocations.ts";
import { sweepContract } from "./contract/sweep.ts";
import { talliesContract } from "./contract/tallies.ts";
import { tenantsContract } from "./contract/tenants.ts";

/** An empty store, opened for one test. */
export interface OpenedStore {
  readonly store: Store;
  /** Opens the same data once more, while `store` is open or after it was closed; absent if it is not durable. */
  readonly reopen?: () => Promise<Store>;
  /** Closes the store, if the test did not, and removes what it kept. */
  close(): Promise<void>;
}

/** What a part of the contract is given: the store of the test that runs. */
export interface Subject {
  /** The part of one tenant, `acme` unless told. */
  tenant(id?: string): TenantStore;
  readonly store: Store;
  /** See {@link OpenedStore.reopen}. */
  reopen(): Promise<Store>;
}

/**
 * Specifies the store port: every adapter runs it. `open` makes an empty store for each test; `durable`: its data
 * outlive it, so that it can be reopened.
 */
export function storeContract(name: string, open: () => Promise<OpenedStore>, options: { durable: boolean }): void {
  describe(`${name} keeps the store's contract`, () => {
    let opened: OpenedStore | undefined;

    function current(): OpenedStore {
      if (opened === undefined) throw new Error("no test is running");
      return opened;
    }

    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => current().close());

    const subject: Subject = {
      tenant: (id = "acme") => current().store.forTenant(id),
      get store() {
        return current().store;
      },
      reopen() {
        const { reopen } = current();
        if (reopen === undefined) throw new Error("this store cannot be opened again");
        return reopen();
      },
    };

    keysContract(subject);
    familiesContract(subject);
    familyListContract(subject);
    referenceTokensContract(subject);
    revocationsContract(subject);
    metaContract(subject);
    talliesContract(subject);
    registrationsContract(subject);
    tenantsContract(subject);
    sweepContract(subject);
    countsContract(subject);
    closeContract(subject);
    if (options.durable) nodesContract(subject);
  });
}
