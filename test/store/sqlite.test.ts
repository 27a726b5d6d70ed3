import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { storeContract } from "./contract.ts";
import { makeFolder, removeFolder } from "./sqlite/folder.ts";

storeContract(
  "SQLite in a file",
  async () => {
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
  { durable: true },
);

storeContract(
  "SQLite in memory",
  async () => {
    const store = await openSqliteStore("sqlite::memory:");
    return { store, close: () => store.close() };
  },
  { durable: false },
);
