import { afterEach, beforeEach, expect, it } from "vitest";
import { createClient } from "../../../src/store/mongodb/client.ts";
import { type Connection, createConnection } from "../../../src/store/mongodb/connection.ts";
import { prepareRegistrations } from "../../../src/store/mongodb/registrations.ts";
import { collectionsOf } from "../../../src/store/mongodb/rows.ts";
import type { RegistrationRecord, RegistrationStore } from "../../../src/store/registration-port.ts";
import { makeDatabase, type TestDatabase, withMongo } from "../../support/mongodb.ts";
import { aRegistration } from "../contract/records.ts";

/** How long a call may take, in milliseconds: as long as it takes. A write is then given up after ten times that. */
const TIMEOUT = 60_000;

withMongo("writers of registrations that are slow or die", (uri) => {
  let database: TestDatabase;
  let connection: Connection;
  /** The monotonic clock of the readers. */
  let elapsed: number;

  beforeEach(async () => {
    database = makeDatabase(uri);
    elapsed = 0;
    const opened = createClient(database.url);
    connection = createConnection(opened.client, collectionsOf(opened.database), { ...opened, timeout: TIMEOUT });
  });
  afterEach(async () => {
    await connection.close();
    await database.drop();
  });

  const open = (own: Connection = connection) => prepareRegistrations(own, { elapsed: () => elapsed });

  /** A store whose next row waits until it is released, after it has its revision. */
  function slowStore(): { readonly store: RegistrationStore; reached: Promise<void>; release(): void } {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const { registrations } = connection.collections;
    const slow = new Proxy(registrations, {
      get(target, name) {
        if (name !== "insertOne") return Reflect.get(target, name).bind(target);
        return async (...args: Parameters<typeof registrations.insertOne>) => {
          reached.resolve();
          await released.promise;
          return target.insertOne(...args);
        };
      },
    });
    const store = open({ ...connection, collections: { ...connection.collections, registrations: slow } });
    return { store, reached: reached.promise, release: released.resolve };
  }

  const ids = (records: readonly RegistrationRecord[]) => records.map(({ id }) => id);
  const put = (store: RegistrationStore, id: string) => store.put(aRegistration({ id, etag: `etag.${id}` }), undefined);

  it("are waited for, although others that began later have ended", async () => {
    const { store, reached, release } = slowStore();
    const reader = open();
    await put(reader, "before");
    const slow = put(store, "slow");
    await reached;
    await put(reader, "after");

    const first = await reader.changes(0, 10);
    expect(ids(first.records)).toEqual(["before", "after"]);
    expect(first.upTo).toBe(1);
    // There is something new for whoever is up to that, until the slow one has ended.
    expect(await reader.revision()).toBeGreaterThan(first.upTo);
    release();
    await slow;
    const second = await reader.changes(first.upTo, 10);
    expect(ids(second.records)).toEqual(["slow", "after"]);
    expect(second.upTo).toBe(await reader.revision());
  });

  it("are waited for as long as they may still write, and no longer", async () => {
    const { store, reached, release } = slowStore();
    const reader = open();
    const slow = put(store, "slow");
    await reached;
    await put(reader, "after");
    for (const time of [0, 10 * TIMEOUT, 10 * TIMEOUT + 1]) {
      elapsed = time;
      expect((await reader.changes(0, 10)).upTo).toBe(0);
    }
    const { upTo } = await reader.changes(0, 10);
    expect(upTo).toBe(await reader.revision());
    // It was only held up: what it writes then is new to those who no longer waited.
    release();
    expect(await slow).toEqual({ revision: upTo + 1 });
    expect(ids((await reader.changes(upTo, 10)).records)).toEqual(["slow"]);
  });

  it("leave nothing pending if they find another row", async () => {
    const { store, reached, release } = slowStore();
    const slow = put(store, "same");
    await reached;
    const other = aRegistration({ id: "same", etag: "other" });
    await open().put(other, undefined);
    release();
    expect(await slow).toEqual({ conflict: other });
    expect((await open().changes(0, 10)).upTo).toBe(await open().revision());
  });
});
