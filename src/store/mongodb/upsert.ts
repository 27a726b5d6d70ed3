import { MongoServerError } from "mongodb";

/** How often an upsert is tried: the second try already finds the row that won the first. */
const TRIES = 3;

/**
 * Does an upsert that only raises, so that it may be done twice. Of several at once for a row that is not there yet, one
 * makes it, and the others may be refused because it is there now; servers have different words for that.
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
