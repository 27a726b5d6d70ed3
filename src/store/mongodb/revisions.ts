import type { Machine } from "../../base/clock.ts";
import type { Connection } from "./connection.ts";
import { type PendingWrite, REGISTRY_ID } from "./rows.ts";
import { upsert } from "./upsert.ts";

/**
 * How many times as long as a call may take a write can be under way: its calls are over by then, and so is what the
 * server still did of one that was given up.
 */
const LONGEST_WRITE = 10;

/** The revisions of writes to several rows, in the order in which readers follow them. */
interface Revisions {
  /** Gives a write, by its name, a revision: the write is pending from now on. */
  begin(write: string): Promise<number>;
  /** Ends a write; resolves to whether readers waited for it until now. */
  end(write: string): Promise<boolean>;
  /** The newest revision, pending or not; 0 if there is none. */
  newest(): Promise<number>;
  /** A revision up to which no write is pending. */
  settled(): Promise<number>;
}

/**
 * One row counts the revisions and lists the pending writes. Readers go no further than the first of these, whose row may
 * not have been written yet, so that a slow writer is not missed.
 *
 * A writer that dies leaves its write pending. A reader that has seen it there for longer than any write takes, by its own
 * monotonic clock, removes it. A writer that was only held up learns that from {@link Revisions.end}.
 */
export function createRevisions(
  { collections: { registry }, bounded, deciding, timeout }: Connection,
  machine: Pick<Machine, "elapsed">,
): Revisions {
  /** When this process first saw each pending write, by its monotonic clock. */
  let firstSeen: ReadonlyMap<string, number> = new Map();

  async function read(): Promise<{ readonly revision: number; readonly pending: readonly PendingWrite[] }> {
    return (await registry.findOne({ _id: REGISTRY_ID }, deciding)) ?? { revision: 0, pending: [] };
  }

  async function begin(write: string): Promise<number> {
    // One update cannot both count and list what it counted to, so the list has a lower bound of it.
    const { revision: above } = await read();
    const update = { $inc: { revision: 1 }, $push: { pending: { write, above } } };
    const options = { ...bounded, upsert: true, returnDocument: "after" } as const;
    // Run twice, it skips a revision, and `end` removes both of its entries.
    const row = await upsert(() => registry.findOneAndUpdate({ _id: REGISTRY_ID }, update, options));
    if (row === null) throw new TypeError("an upsert of the revisions returned no row");
    return row.revision;
  }

  async function remove(writes: readonly string[]): Promise<boolean> {
    const update = { $pull: { pending: { write: { $in: writes } } } };
    return (await registry.updateOne({ _id: REGISTRY_ID }, update, bounded)).modifiedCount > 0;
  }

  async function settled(): Promise<number> {
    const { revision, pending } = await read();
    const now = machine.elapsed();
    firstSeen = new Map(pending.map(({ write }) => [write, firstSeen.get(write) ?? now]));
    const isOver = ({ write }: PendingWrite) => now - (firstSeen.get(write) ?? now) > LONGEST_WRITE * timeout;
    const over = pending.filter(isOver).map(({ write }) => write);
    // Not yet passed over: another read finds what the writer may have written up to now.
    if (over.length > 0) await remove(over);
    return Math.min(revision, ...pending.map(({ above }) => above));
  }

  return {
    begin,
    end: (write) => remove([write]),
    newest: async () => (await read()).revision,
    settled,
  };
}
