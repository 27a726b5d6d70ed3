/** One turn of a sweep: what it deletes from, and how many of the rows that are left to delete it may take. */
interface Turn<T> {
  readonly of: T;
  readonly share: (left: number) => number;
}

/**
 * The turns of one sweep over several kinds of rows. In the first round each kind has an even share of what is left, so
 * that a kind which never ends keeps no other waiting; in the second, what the others did not need is whoever's can use it.
 */
export function sharesOf<T>(kinds: readonly T[]): readonly Turn<T>[] {
  return [...kinds, ...kinds].map((of, turn) => {
    const stillToCome = Math.max(1, kinds.length - turn);
    return { of, share: (left) => Math.ceil(left / stillToCome) };
  });
}
