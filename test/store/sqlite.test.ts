import { sqliteFile, sqliteMemory } from "../support/stores.ts";
import { storeContract } from "./contract.ts";

for (const { name, open, durable } of [sqliteFile, sqliteMemory]) storeContract(name, open, { durable });
