/** Any JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object. Its members are own properties, whatever their names. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** The members of an object that is about to be written as JSON, which leaves out those that are undefined. */
export interface JsonMembers {
  readonly [name: string]: JsonValue | undefined;
}

/** Whether a JSON value is an object: not null, not an array. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Parses JSON as JSON.parse does, but correctly. Throws SyntaxError if the text is not JSON.
 *
 * Use it for every text that may contain names from outside. JSON.parse in V8 14.6 (Node 26) mistakes a name that is
 * written with an escape for an earlier name that contains a backslash (https://github.com/nodejs/node/issues/63785),
 * even across texts: one caller's input would change the names in another's. So JSON.parse never sees an escaped name
 * from here: if there is one, numbers replace all names while it parses. Once the runtime is fixed, JSON.parse alone
 * will do.
 */
export function parseExactJson(text: string): JsonValue {
  if (!hasEscapedName(text)) return JSON.parse(text) as JsonValue;
  const names: string[] = [];
  const numbered = rename(text, (name) => String(names.push(name) - 1));
  return withNames(JSON.parse(numbered) as JsonValue, names);
}

/**
 * Rewrites a JSON text without escapes in its names, for a reader that calls JSON.parse itself and would meet the bug
 * described at {@link parseExactJson}. Returns undefined if a name needs an escape, because it contains a quote, a
 * backslash, a control character or half a surrogate pair. Throws SyntaxError if a name is not a JSON string.
 */
export function withPlainNames(text: string): string | undefined {
  if (!hasEscapedName(text)) return text;
  let isPlain = true;
  const renamed = rename(text, (name) => {
    isPlain &&= JSON.stringify(name) === `"${name}"`;
    return name;
  });
  return isPlain ? renamed : undefined;
}

/**
 * A string in a JSON text: the text between its quotes, and the colon that makes it a name. An unterminated string
 * extends to the end of the text, so that matching takes linear time on any input.
 */
const STRING = /"([^"\\]*(?:\\.[^"\\]*)*)(?:"(\s*:)?)?/gs;

function hasEscapedName(text: string): boolean {
  if (!text.includes("\\")) return false;
  return text.matchAll(STRING).some(([, content, colon]) => colon !== undefined && content?.includes("\\"));
}

/**
 * Replaces the names in a text and leaves everything else as it is. Throws SyntaxError if a name is not a JSON string.
 */
function rename(text: string, other: (name: string) => string): string {
  return text.replace(STRING, (whole: string, content: string, colon: string | undefined) =>
    colon === undefined ? whole : `"${other(String(JSON.parse(`"${content}"`)))}"${colon}`,
  );
}

/** Puts the names back in place of their numbers. Iterative, as nothing bounds the depth here. */
function withNames(value: JsonValue, names: readonly string[]): JsonValue {
  const whole = { value };
  const open: object[] = [whole];
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    const members = holder as Record<string, JsonValue>;
    for (const [key, member] of Object.entries(members)) {
      if (typeof member !== "object" || member === null) continue;
      const named = isJsonObject(member) ? Object.fromEntries(namedEntries(member, names)) : member;
      // The holder already has the key as its own member, so assigning even to `__proto__` sets no prototype.
      members[key] = named;
      open.push(named);
    }
  }
  return whole.value;
}

function namedEntries(object: JsonObject, names: readonly string[]): [string, JsonValue][] {
  return Object.entries(object).map(([number, member]) => [names[Number(number)] ?? "", member]);
}
