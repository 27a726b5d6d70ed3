import { MongoServerError } from "mongodb";

/** How often an upsert is tried: the second try already finds the row that won the first. */
const TRIES = 3;

/**
 * Runs an upsert that only raises, and so may run twice. Of several concurrent upserts of a row that does not exist,
 * one inserts it, and the others may fail because it exists now; servers report that with different errors.
 */
export async function upsert<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = TRIES; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof MongoServerError) || left === 1) throw error;
    }
  }
}
