/** Longer names are compared by their beginning, so that a comparison stays cheap. */
const MAX_COMPARED = 64;

/** `; did you mean x?` with the known name that is most like `name`, after `prefix`; nothing if none is like it. */
export function didYouMean(name: string, known: Iterable<string>, prefix = ""): string {
  const best = nearest(name, known);
  return best === undefined ? "" : `; did you mean ${prefix}${best}?`;
}

/** The known name that takes the fewest edits, or undefined if every one takes more than a third of its letters. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const edits = distance(plain(name), plain(candidate));
    if (edits <= Math.max(2, candidate.length / 3) && edits < fewest) {
      best = candidate;
      fewest = edits;
    }
  }
  return best;
}

/** Case and separators are what people mix up most: they count for nothing. */
function plain(name: string): string {
  return name.slice(0, MAX_COMPARED).toLowerCase().replace(/[-_]/g, "");
}

/** How many letters must be inserted, dropped or replaced to make `b` of `a` (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
