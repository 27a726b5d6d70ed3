/**
 * The JSON text that has a faulty JSON.parse take what it says for `text` later (see `parseExactJson`): every escaped
 * name is one of the same length that reads as the escaped one begins.
 */
export function poisonOf(text: string): string {
  return text.replace(STRING, (whole, written: string, colon: string | undefined) => {
    if (colon === undefined) return whole;
    const start = written.slice(0, String(JSON.parse(`"${written}"`)).length);
    return start.includes("\\") ? JSON.stringify(start) + colon : whole;
  });
}

/** Every string, names or not: whoever looked for names alone would begin at the end of another string. */
const STRING = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?/gs;
