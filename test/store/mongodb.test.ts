import { afterAll } from "vitest";
import { makeDatabase, mongoStores, withMongo } from "../support/mongodb.ts";
import { storeContract } from "./contract.ts";

withMongo("against a server", (uri) => {
  const database = makeDatabase(uri);
  afterAll(() => database.drop());
  for (const { name, open, durable } of mongoStores(database)) storeContract(name, open, { durable });
});
