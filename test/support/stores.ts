import { join } from "node:path";
import type { Store } from "../../src/store/port.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import type { OpenedStore } from "../store/contract.ts";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
import { createMemoryStore } from "./memory-store.ts";
import { farStores } from "./mongodb.ts";

/** A kind of store, and how to have an empty one. */
export interface NamedStore {
  readonly name: string;
  /** Its data outlive it, so that it can be reopened. */
  readonly durable: boolean;
  /** Each call goes over a network, so that a proof takes fewer steps on it. */
  readonly isFar: boolean;
  open(): Promise<OpenedStore>;
}

export const memoryStore: NamedStore = {
  name: "the memory store for tests",
  durable: false,
  isFar: false,
  async open() {
    const store = createMemoryStore();
    return { store, close: () => store.close() };
  },
};

export const sqliteFile: NamedStore = {
  name: "SQLite in a file",
  durable: true,
  isFar: false,
  async open() {
    const folder = await makeFolder();
    const reopen = () => openSqliteStore(`sqlite:${join(folder, "store.db")}`);
    const store = await reopen();
    return {
      store,
      reopen,
      async close() {
        await store.close();
        await removeFolder(folder);
      },
    };
  },
};

export const sqliteMemory: NamedStore = {
  name: "SQLite in memory",
  durable: false,
  isFar: false,
  async open() {
    const store = await openSqliteStore("sqlite::memory:");
    return { store, close: () => store.close() };
  },
};

/** Every kind that there is: what stands on a store is proven on each. On MongoDB where there is a server for tests. */
export const stores: readonly NamedStore[] = [memoryStore, sqliteFile, sqliteMemory, ...farStores()];

/** Runs `use` with an empty store of that kind. */
export async function withStore<T>(kind: NamedStore, use: (store: Store) => Promise<T>): Promise<T> {
  const { store, close } = await kind.open();
  try {
    return await use(store);
  } finally {
    await close();
  }
}
