/** Whether a text matches one of some globs; without any list of them, it does. */
export function matchesAnyGlob(globs: readonly string[] | undefined, text: string): boolean {
  return globs === undefined || globs.some((glob) => matchesGlob(glob, text));
}

/**
 * Whether a text matches a glob: `*` stands for any characters or none, everything else for itself. Without a regular
 * expression, so no glob can make matching slow.
 */
function matchesGlob(glob: string, text: string): boolean {
  const [head = "", ...pieces] = glob.split("*");
  const tail = pieces.pop();
  if (tail === undefined) return text === head;
  if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length) return false;
  let at = head.length;
  for (const piece of pieces) {
    const found = text.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return at <= text.length - tail.length;
}
