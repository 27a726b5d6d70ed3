import { type JsonValue, parseExactJson } from "../base/json.ts";
import { InvalidValue } from "./request.ts";

/**
 * The tokens of a text that is known to be JSON, but for those that do not matter here: a string, which names a member
 * where a colon follows; a number; a bracket.
 */
const TOKEN = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|-?\d[\d.eE+-]*|[{}[\]]/g;

/** The most characters of a member's name that a refusal repeats. */
const MAX_NAME = 64;

const LOSSY = "it holds a number that would lose precision: send that as a string.";

/**
 * Reads JSON whose meaning every reader agrees on (I-JSON, RFC 7493 sections 2.2 and 2.3): InvalidValue if it is not
 * JSON, if an object has a member twice, or if a number is not kept by a double. Takes time in proportion to the
 * text, however deep it is nested.
 */
export function parseJson(text: string): JsonValue | InvalidValue {
  let value: JsonValue;
  try {
    value = parseExactJson(text);
  } catch {
    return new InvalidValue();
  }
  const found = faultIn(text);
  return found === undefined ? value : new InvalidValue(found.problem);
}

/** What every reader does not agree on. */
interface Problem {
  readonly problem: string;
  /** The member of the outermost object that it is in; undefined if it is in none. */
  readonly member: string | undefined;
  /** The member of the outermost object that is there twice. */
  readonly twice?: string | undefined;
}

/** What a parser lets pass, in words. `text`: what it has taken for JSON. */
export function faultIn(text: string): Problem | undefined {
  // The names so far of every object that is open, outermost first; undefined for an array.
  const open: (Set<string> | undefined)[] = [];
  let member: string | undefined;
  for (const [token, content, colon] of text.matchAll(TOKEN)) {
    if (colon !== undefined && content !== undefined) {
      const name = content.includes("\\") ? String(JSON.parse(`"${content}"`)) : content;
      const names = open.at(-1);
      if (names?.has(name)) {
        const problem = `it has the member '${name.slice(0, MAX_NAME)}' twice.`;
        return open.length === 1 ? { problem, member: undefined, twice: name } : { problem, member };
      }
      names?.add(name);
      if (open.length === 1) member = name;
    } else if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (content === undefined && !isKept(token)) return { problem: LOSSY, member };
  }
  return undefined;
}

/** Whether a number is the one that its double is written as. */
function isKept(literal: string): boolean {
  const value = Number(literal);
  const written = String(value);
  return written === literal || (Number.isFinite(value) && canonical(written) === canonical(literal));
}

/** The significant digits and the exponent of a decimal, the same however it is written; its sign is left out. */
function canonical(literal: string): string {
  const [mantissa = "", exponent = "0"] = literal.replace(/^-/, "").toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return end === 0 ? "0" : `${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
