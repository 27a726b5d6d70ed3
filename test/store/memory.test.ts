import { memoryStore } from "../support/stores.ts";
import { storeContract } from "./contract.ts";

const { name, open, durable } = memoryStore;
storeContract(name, open, { durable });
