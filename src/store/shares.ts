/** One turn of a sweep: what it deletes from, and how many of the rows still to be deleted it may take. */
interface Turn<T> {
  readonly of: T;
  readonly share: (left: number) => number;
}

/**
 * Divides one sweep among several kinds of rows. In the first round each kind gets an even share of what is left, so
 * that a kind that never runs out does not starve the others. In the second round, any kind can use what the others
 * left over.
 */
export function sharesOf<T>(kinds: readonly T[]): readonly Turn<T>[] {
  return [...kinds, ...kinds].map((of, turn) => {
    const stillToCome = Math.max(1, kinds.length - turn);
    return { of, share: (left) => Math.ceil(left / stillToCome) };
  });
}
