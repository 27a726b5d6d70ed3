import type { BulkWriteOptions } from "mongodb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type MongoStore, openMongoStore } from "../../../src/store/mongodb/index.ts";
import { createInserts } from "../../../src/store/mongodb/inserts.ts";
import { StoreUnavailableError } from "../../../src/store/port.ts";
import { makeDatabase, refuseTtl, type TestDatabase, withMongo } from "../../support/mongodb.ts";
import { aFamily, aReferenceToken, atOnce } from "../contract/records.ts";

interface Row {
  readonly _id: string;
}

/** A collection that keeps the batches that it was sent, and answers them when it is told to. */
class FakeCollection {
  readonly batches: string[][] = [];
  readonly #answers: PromiseWithResolvers<never>[] = [];

  insertMany(rows: readonly Row[], options?: BulkWriteOptions): Promise<never> {
    expect(options).toMatchObject({ ordered: false, maxTimeMS: 100 });
    this.batches.push(rows.map(({ _id }) => _id));
    const answer = Promise.withResolvers<never>();
    this.#answers.push(answer);
    return answer.promise;
  }

  /** Answers the oldest batch that waits. */
  answer(error?: Error): void {
    const answer = this.#answers.shift();
    if (error === undefined) answer?.resolve(undefined as never);
    else answer?.reject(error);
  }
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe("inserts", () => {
  let collection: FakeCollection;
  let insert: (row: Row) => Promise<void>;

  beforeEach(() => {
    collection = new FakeCollection();
    insert = createInserts<Row>(collection, { timeout: 100, bounded: { maxTimeMS: 100 } });
  });

  it("of one moment go out together, and are told once they are answered", async () => {
    const told: string[] = [];
    const all = ["1", "2", "3"].map((_id) => insert({ _id }).then(() => told.push(_id)));
    await turn();
    expect(collection.batches).toEqual([["1", "2", "3"]]);
    expect(told).toEqual([]);
    collection.answer();
    await Promise.all(all);
    expect(told).toEqual(["1", "2", "3"]);
  });

  it("that come while a batch is under way leave as one when it was answered", async () => {
    const first = insert({ _id: "1" });
    await turn();
    const later = ["2", "3"].map((_id) => insert({ _id }));
    await turn();
    expect(collection.batches).toEqual([["1"]]);
    collection.answer();
    await first;
    await turn();
    expect(collection.batches).toEqual([["1"], ["2", "3"]]);
    collection.answer();
    await Promise.all(later);
  });

  it("leave at once when nothing is under way", async () => {
    for (const _id of ["1", "2"]) {
      const done = insert({ _id });
      await turn();
      collection.answer();
      await done;
    }
    expect(collection.batches).toEqual([["1"], ["2"]]);
  });

  it("are at most 500 in a batch", async () => {
    const all = atOnce(501, (index) => insert({ _id: `${index}` }));
    await turn();
    collection.answer();
    await turn();
    collection.answer();
    await all;
    expect(collection.batches.map((batch) => batch.length)).toEqual([500, 1]);
  });

  it("all fail with what the batch failed with, and the next batch goes on", async () => {
    const fault = new StoreUnavailableError("away");
    const results = Promise.allSettled(["1", "2"].map((_id) => insert({ _id })));
    await turn();
    collection.answer(fault);
    for (const result of await results) expect(result).toEqual({ status: "rejected", reason: fault });
    const next = insert({ _id: "3" });
    await turn();
    collection.answer();
    await next;
  });

  it("do not wait for an answer that never comes", async () => {
    const lost = insert({ _id: "1" });
    await new Promise((resolve) => setTimeout(resolve, 40));
    const next = insert({ _id: "2" });
    await expect(lost).rejects.toThrow(StoreUnavailableError);
    await turn();
    collection.answer();
    collection.answer();
    await next;
    expect(collection.batches).toEqual([["1"], ["2"]]);
  });

  it("are not sent once their callers no longer wait", async () => {
    const lost = insert({ _id: "1" });
    await new Promise((resolve) => setTimeout(resolve, 40));
    const second = Array.from({ length: 500 }, (_, index) => insert({ _id: `second.${index}` }));
    const late = Promise.allSettled([lost, ...second]);
    const tooLate = insert({ _id: "too late" });
    await late;
    await turn();
    const next = insert({ _id: "2" });
    await turn();
    collection.answer();
    collection.answer();
    collection.answer();
    await next;
    expect(collection.batches.map((batch) => batch.length)).toEqual([1, 500, 1]);
    expect(collection.batches.at(-1)).toEqual(["2"]);
    expect(await Promise.race([tooLate, turn().then(() => "not told")])).toBe("not told");
  });
});

withMongo("a batch of inserts", (uri) => {
  let database: TestDatabase;
  let store: MongoStore;

  beforeEach(async () => {
    database = makeDatabase(uri);
    await refuseTtl(database);
    store = await openMongoStore(database.url);
  });
  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  it("fails for those alone whose ids are taken", async () => {
    const { families } = store.forTenant("acme");
    await families.create(aFamily({ id: "3" }));
    const results = await Promise.allSettled(
      ["1", "2", "2", "3", "4"].map((id, index) => families.create(aFamily({ id, client: `${index}` }))),
    );
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).not.toBeInstanceOf(StoreUnavailableError);
    }
    for (const id of ["1", "2", "4"]) expect(await families.find(id)).toMatchObject({ id });
    expect(await families.find("2")).toMatchObject({ client: "1" });
  });

  it("fails for those alone that cannot be sent", async () => {
    const { referenceTokens } = store.forTenant("acme");
    const results = await Promise.allSettled([
      referenceTokens.create(aReferenceToken({ digest: "1" })),
      referenceTokens.create(aReferenceToken({ digest: "2", claims: "x".repeat(17_000_000) })),
      referenceTokens.create(aReferenceToken({ digest: "3", expiresAt: Number.NaN })),
      referenceTokens.create(aReferenceToken({ digest: "4" })),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
    expect(await referenceTokens.find("4")).toBeDefined();
  });
});
