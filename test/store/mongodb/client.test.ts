import { afterEach, describe, expect, it } from "vitest";
import { type Client, createClient } from "../../../src/store/mongodb/client.ts";

const clients: Client[] = [];
afterEach(() => Promise.all(clients.splice(0).map(({ client }) => client.close())));

function open(url: string): Client {
  const client = createClient(url);
  clients.push(client);
  return client;
}

const refusal = (url: string): string => {
  try {
    open(url);
  } catch (error) {
    return String(error instanceof Error ? `${error.stack} ${String(error.cause)}` : error);
  }
  throw new Error("the URL was taken");
};

describe("a MongoDB URL", () => {
  it("has busyTimeout and bounds by default", () => {
    const { client, timeout, readConcern, database } = open("mongodb://localhost");
    expect(timeout).toBe(2_000);
    expect(readConcern.level).toBe("majority");
    expect(database.databaseName).toBe("mintmark");
    expect(client.options).toMatchObject({
      appName: "mintmark",
      maxPoolSize: 32,
      socketTimeoutMS: 2_000,
      serverSelectionTimeoutMS: 2_000,
      waitQueueTimeoutMS: 2_000,
      connectTimeoutMS: 2_000,
      retryWrites: true,
      retryReads: true,
      compressors: ["none"],
      serverApi: { version: "1", strict: false },
    });
  });

  it("always writes for good and reads what is for good", () => {
    const { database } = open("mongodb://localhost/?w=majority&journal=true&wtimeoutMS=900");
    expect(database.writeConcern).toMatchObject({ w: "majority", journal: true, wtimeoutMS: 900 });
    expect(database.readConcern?.level).toBe("majority");
    expect(database.readPreference.mode).toBe("primary");
  });

  it("decides with linearizable reads if it says so", () => {
    const { readConcern, database } = open("mongodb://localhost/?readConcernLevel=linearizable");
    expect(readConcern.level).toBe("linearizable");
    expect(database.readConcern?.level).toBe("majority");
  });

  it("has the last word on the driver's options", () => {
    const { client, timeout } = open(
      "mongodb://localhost/?maxPoolSize=7&timeoutMS=500&APPNAME=mint&heartbeatFrequencyMS=2000",
    );
    expect(timeout).toBe(500);
    expect(client.options).toMatchObject({
      maxPoolSize: 7,
      appName: "mint",
      heartbeatFrequencyMS: 2_000,
      socketTimeoutMS: 500,
    });
  });

  it.each([
    ["mongodb://localhost/mint", "mint"],
    ["mongodb://localhost/mint?w=majority", "mint"],
    ["mongodb://user:pa%2Fss@one:1,two:2/mint?replicaSet=rs", "mint"],
    ["mongodb://localhost/", "mintmark"],
    ["mongodb://localhost/?w=majority", "mintmark"],
    ["mongodb://localhost/?timeoutMS=9", "mintmark"],
    ["MongoDB://localhost/test", "test"],
  ])("%s is of the database %s", (url, name) => {
    expect(open(url).database.databaseName).toBe(name);
  });

  it("names its hosts without user and password", () => {
    expect(open("mongodb://user:hunter2@one:1,two:2/mint?replicaSet=rs").hosts).toBe("one:1,two:2");
    expect(open("mongodb+srv://user:hunter2@cluster.example.com/mint").hosts).toBe("cluster.example.com");
  });

  it.each([
    "mongodb://",
    "mongodb://user:hunter2@",
    "mongodb://user:hunter2/x@localhost/mint",
    "mongodb://user:hunter2?x@localhost/mint",
    "mongodb://user:hunter2@x@localhost/mint",
    "mongodb://user:hunter2%@localhost/mint",
    "mongodb://user:hunter2@localhost/mint?hunter2=1",
    "mongodb://user:hunter2@localhost/mint?maxPoolSize=hunter2",
    "mongodb+srv://user:hunter2@localhost:27017/mint",
  ])("%s is refused without repeating it", (url) => {
    expect(refusal(url)).toContain("The MongoDB URL of the store cannot be used");
    expect(refusal(url)).not.toContain("hunter2");
  });

  it.each([
    ["w=1", "w must be majority"],
    ["w=0", "w must be majority"],
    ["journal=false", "journal must be true"],
    ["readPreference=secondaryPreferred", "readPreference must be primary"],
    ["readConcernLevel=local", "readConcernLevel must be majority or linearizable"],
    ["timeoutMS=0", "timeoutMS must be a number of milliseconds"],
    ["timeoutMS=2s", "timeoutMS must be a number of milliseconds"],
  ])("?%s is refused: it would promise less", (query, message) => {
    expect(refusal(`mongodb://user:hunter2@localhost/?${query}`)).toContain(message);
    expect(refusal(`mongodb://user:hunter2@localhost/?${query}`)).not.toContain("hunter2");
  });
});
