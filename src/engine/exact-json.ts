import { type JsonValue, parseExactJson } from "../base/json.ts";
import { InvalidValue } from "./request.ts";

/**
 * The tokens of valid JSON that matter here: a string, which is a member's name if a colon follows; a number; a
 * bracket.
 */
const TOKEN = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|-?\d[\d.eE+-]*|[{}[\]]/g;

/** The most characters of a member's name that a refusal quotes. */
const MAX_NAME = 64;

const LOSSY = "it holds a number that would lose precision: send it as a string.";

/**
 * Parses JSON that every parser reads alike (I-JSON, RFC 7493 sections 2.2 and 2.3). Returns an InvalidValue if the
 * text is not JSON, if an object repeats a member, or if a number does not survive as a double. Takes time linear in
 * the length of the text, however deeply it is nested.
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

/** Something that parsers read differently. */
interface Problem {
  readonly problem: string;
  /** The member of the outermost object that contains it; undefined outside any member. */
  readonly member: string | undefined;
  /** The member of the outermost object that is repeated. */
  readonly twice?: string | undefined;
}

/** Finds what `JSON.parse` accepts silently although parsers disagree on it. `text` must be valid JSON. */
export function faultIn(text: string): Problem | undefined {
  // The names seen so far in every open object, outermost first; undefined for an array. A stack rather than recursion,
  // so that deep nesting cannot overflow the call stack.
  const open: (Set<string> | undefined)[] = [];
  let member: string | undefined;
  // `matchAll` would compile the expression again, for every text.
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const [token, content, colon] = match;
    if (colon !== undefined && content !== undefined) {
      // Escapes are resolved first: "\u0061" and "a" are the same member.
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

/** Whether a double holds exactly the number that was written. */
function isKept(literal: string): boolean {
  const value = Number(literal);
  const written = String(value);
  return written === literal || (Number.isFinite(value) && canonical(written) === canonical(literal));
}

/** The significant digits and the exponent of a decimal, the same however it is written. The sign is left out. */
function canonical(literal: string): string {
  const [mantissa = "", exponent = "0"] = literal.replace(/^-/, "").toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return end === 0 ? "0" : `${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
