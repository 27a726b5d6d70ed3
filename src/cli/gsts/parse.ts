import { isJsonObject, type JsonValue } from "../../base/json.ts";

/** Settings that name one thing twice, so that nobody can tell which of them counts. The message says which. */
export class AmbiguousSettingsError extends Error {
  override readonly name = "AmbiguousSettingsError";
}

/** A string, or a comment, which .NET allows in its settings. */
const COMMENT = /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/** A string, or a comma before a closing bracket, which .NET also allows. */
const SPARE_COMMA = /("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g;

/** A string: the text between its quotes, and the colon that makes it a name. */
const STRING = /"((?:[^"\\]|\\.)*)"(\s*:)?/g;

/**
 * Parses a settings file. Throws SyntaxError if it is not valid, and {@link AmbiguousSettingsError} if an object has two
 * names that differ at most in case, which .NET refuses too.
 */
export function parseSettings(text: string): JsonValue {
  const keepText = (_: string, quoted: string | undefined) => quoted ?? " ";
  const plain = text
    .replace(/^\uFEFF/, "")
    .replace(COMMENT, keepText)
    .replace(SPARE_COMMA, keepText);
  // JSON.parse keeps only the last of two members with one name, so it gets numbers for names.
  const names: string[] = [];
  const numbered = plain.replace(STRING, (whole: string, content: string, colon: string | undefined) =>
    colon === undefined ? whole : `"${names.push(String(JSON.parse(`"${content}"`))) - 1}"${colon}`,
  );
  return withNames(JSON.parse(numbered) as JsonValue, names, "settings");
}

function withNames(value: JsonValue, names: readonly string[], where: string): JsonValue {
  if (Array.isArray(value)) return value.map((entry, index) => withNames(entry, names, `${where}[${index}]`));
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([number, member]) => {
    const name = names[Number(number)] ?? "";
    return [name, withNames(member, names, `${where}.${name}`)] as const;
  });
  const twice = repeatedIn(members.map(([name]) => name.toLowerCase()));
  if (twice !== undefined) {
    throw new AmbiguousSettingsError(
      `${where}: ${twice} is there twice, ignoring case, so nobody can tell which counts: keep one`,
    );
  }
  return Object.fromEntries(members);
}

/** The first of the names that is there twice. */
export function repeatedIn(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index);
}
