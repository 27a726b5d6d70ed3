import { createMemoryStore } from "../support/memory-store.ts";
import { storeContract } from "./contract.ts";

storeContract(
  "the memory store for tests",
  async () => {
    const store = createMemoryStore();
    return { store, close: () => store.close() };
  },
  { durable: false },
);
