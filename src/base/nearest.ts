/** Only the beginning of longer names is compared, so that a comparison stays cheap. */
const MAX_COMPARED = 64;

/**
 * Returns `; did you mean x?` with the known name that is most similar to `name`, after `prefix`; an empty string if
 * none is similar.
 */
export function didYouMean(name: string, known: Iterable<string>, prefix = ""): string {
  const best = nearest(name, known);
  return best === undefined ? "" : `; did you mean ${prefix}${best}?`;
}

/** The known name with the fewest edits, or undefined if each needs more than one, and more than a third of its letters. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const edits = distance(plain(name), plain(candidate));
    if (edits <= Math.max(1, candidate.length / 3) && edits < fewest) {
      best = candidate;
      fewest = edits;
    }
  }
  return best;
}

/** Ignores case and separators, which people mix up most. */
function plain(name: string): string {
  return name.slice(0, MAX_COMPARED).toLowerCase().replace(/[-_]/g, "");
}

/** The distance of Damerau and Levenshtein: how many letters to insert, delete, replace or swap with the next. */
function distance(a: string, b: string): number {
  let before: readonly number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
