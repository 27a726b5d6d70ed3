import { type Document, type ErrorCode, isScalar, LineCounter, parseDocument, type Scalar, visit } from "yaml";
import type { Problems } from "./problems.ts";

/** How many times aliases may be resolved: they can make a small file expand into a huge one. */
const MAX_ALIASES = 100;

/** Messages in place of the parser's, which may quote the file and so a secret. */
const REASONS: Partial<Record<ErrorCode, string>> = {
  BAD_INDENT: "wrong indentation, or a bracket that is not closed",
  BLOCK_AS_IMPLICIT_KEY: "a mapping where a value is expected: quote a string that contains a colon and a space",
  TAB_AS_INDENT: "a tab where spaces are expected",
  NON_STRING_KEY: "a key that is not a string",
  MISSING_CHAR: "something is missing, such as a colon, a comma or a closing quote",
  MULTIPLE_DOCS: "a second document",
  BAD_ALIAS: "an alias without its anchor",
  TAG_RESOLVE_FAILED: "an unknown tag",
  BAD_DQ_ESCAPE: "an unknown escape in double quotes",
  UNEXPECTED_TOKEN: "something unexpected",
};
const UNKNOWN = "not well-formed YAML";

/**
 * Parses a YAML 1.2 text to plain data. It must be one document, and its keys strings that are unique in their mapping.
 * Notes every problem with the file's name, line and column. Returns undefined if there was one.
 */
export function parseYaml(text: string, file: string, problems: Problems): unknown {
  const lines = new LineCounter();
  // Pretty errors would quote the line. The parser's own search for repeated keys compares each with each, which takes many
  // seconds for ten thousand clients.
  const options = { lineCounter: lines, prettyErrors: false, stringKeys: true, uniqueKeys: false };
  const document = parseDocument(text, options);
  const found = [...document.errors, ...document.warnings];
  for (const { pos, code } of found) problems.add(`${place(file, lines, pos[0])}: ${REASONS[code] ?? UNKNOWN}`);
  const hasLostKeys = noteLostKeys(document, (offset) => place(file, lines, offset), problems);
  if (found.length > 0 || hasLostKeys) return undefined;
  try {
    const data: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    // Throws if the data contains itself.
    JSON.stringify(data);
    return data;
  } catch {
    problems.add(`${file}: too many aliases, or an alias that contains itself`);
    return undefined;
  }
}

/** Notes keys that would be lost silently: repeated ones, and `__proto__`, which is not copied from object to object. */
function noteLostKeys(document: Document.Parsed, placeOf: (offset: number) => string, problems: Problems): boolean {
  let found = false;
  function note({ range }: Scalar, what: string): void {
    problems.add(`${placeOf(range?.[0] ?? 0)}: ${what}`);
    found = true;
  }
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) note(key, "a key that is already in this mapping");
        if (key.value === "__proto__") note(key, "__proto__ cannot be a key");
        seen.add(key.value);
      }
    },
  });
  return found;
}

function place(file: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${file}:${line}:${col}`;
}
