/**
 * The JSON text that has a faulty JSON.parse take what it says for `text` later (see `parseExactJson`): every escaped
 * name is one of the same length that reads as the escaped one begins.
 */
export function poisonOf(text: string): string {
  return text.replace(NAME, (whole, written: string) => {
    const start = written.slice(0, String(JSON.parse(`"${written}"`)).length);
    return start.includes("\\") ? JSON.stringify(start) : whole;
  });
}

const NAME = /"([^"\\]*(?:\\.[^"\\]*)*)"(?=\s*:)/g;
