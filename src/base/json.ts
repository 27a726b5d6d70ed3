/** Any JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object. Its members are own properties, whatever their names. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Whether a JSON value is an object: not null, not an array. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The value of a JSON text, as JSON.parse gives it. Throws SyntaxError if the text is no JSON.
 *
 * For every text whose names are not all our own. JSON.parse in V8 14.6 (Node 26) takes a name that is written with an
 * escape for another that it has read before and that holds a backslash (https://github.com/nodejs/node/issues/63785):
 * what one caller sends would change the names in what another does. So no escaped name reaches it from here: where
 * there is one, numbers stand for the names while it parses. Once the runtime is mended, JSON.parse itself will do.
 */
export function parseExactJson(text: string): JsonValue {
  if (!hasEscapedName(text)) return JSON.parse(text) as JsonValue;
  const names: string[] = [];
  const numbered = rename(text, (name) => String(names.push(name) - 1));
  return withNames(JSON.parse(numbered) as JsonValue, names);
}

/**
 * The text with its escaped names as they read: the same JSON, for a reader that calls JSON.parse itself and would meet
 * the fault that {@link parseExactJson} tells of. Undefined if a name needs an escape: it holds a quote, a backslash,
 * a control character or half a surrogate pair. Throws SyntaxError if a name is no JSON string.
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
 * A string of a JSON text: what is between its quotes, and the colon that makes it a name. One without an end reaches to
 * the end of the text, so that to find all takes time in proportion to any text.
 */
const STRING = /"([^"\\]*(?:\\.[^"\\]*)*)(?:"(\s*:)?)?/gs;

function hasEscapedName(text: string): boolean {
  if (!text.includes("\\")) return false;
  return text.matchAll(STRING).some(([, content, colon]) => colon !== undefined && content?.includes("\\"));
}

/** The text with other names. Throws SyntaxError if a name is no JSON string: all else in the text stays as it is. */
function rename(text: string, other: (name: string) => string): string {
  return text.replace(STRING, (whole: string, content: string, colon: string | undefined) =>
    colon === undefined ? whole : `"${other(String(JSON.parse(`"${content}"`)))}"${colon}`,
  );
}

/** The value, with its names in place of their numbers. It does not call itself, as depth has no bound here. */
function withNames(value: JsonValue, names: readonly string[]): JsonValue {
  const whole = { value };
  const open: object[] = [whole];
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    const members = holder as Record<string, JsonValue>;
    for (const [key, member] of Object.entries(members)) {
      if (typeof member !== "object" || member === null) continue;
      const named = isJsonObject(member) ? Object.fromEntries(namedEntries(member, names)) : member;
      // The holder has the key as a member of its own, so that to set even `__proto__` sets no prototype.
      members[key] = named;
      open.push(named);
    }
  }
  return whole.value;
}

function namedEntries(object: JsonObject, names: readonly string[]): [string, JsonValue][] {
  return Object.entries(object).map(([number, member]) => [names[Number(number)] ?? "", member]);
}
