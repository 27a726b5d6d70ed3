import type { Carrier } from "../support/simulated-store.ts";
import { createSimulatedStore } from "../support/simulated-store.ts";
import { storeContract } from "./contract.ts";

/** Takes a while, and changes no order. */
const slow: Carrier = async (_, apply) => {
  await new Promise(setImmediate);
  const answer = await apply();
  await new Promise(setImmediate);
  return answer;
};

storeContract(
  "the simulated store",
  async () => {
    const shared = createSimulatedStore();
    const store = shared.connect(slow, 50);
    return { store, reopen: async () => shared.connect(slow, 50), close: () => store.close() };
  },
  { durable: true },
);
