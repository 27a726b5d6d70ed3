import { isJsonObject, type JsonObject, type JsonValue, parseExactJson } from "../../base/json.ts";

/** A line for each thing that was lost, or that has to be looked at. */
export class Notes {
  readonly #lines: string[] = [];

  /** Notes something about what is at a place, such as `clients.web`. */
  add(where: string, what: string): void {
    this.#lines.push(`${where}: ${what}`);
  }

  /** All that was noted, in order. */
  list(): readonly string[] {
    return this.#lines;
  }
}

/**
 * An object of .NET's settings: names have any case, and a value may be text, as in an environment variable. It remembers
 * what was taken, so that all the rest can be told.
 */
export class Settings {
  readonly where: string;
  readonly #notes: Notes;
  readonly #members: ReadonlyMap<string, readonly [name: string, value: JsonValue]>;
  readonly #taken = new Set<string>();

  constructor(object: JsonObject, where: string, notes: Notes) {
    this.where = where;
    this.#notes = notes;
    this.#members = new Map(Object.entries(object).map(([name, value]) => [name.toLowerCase(), [name, value]]));
  }

  /** The value of a name, which counts as taken; undefined if there is none, or it is null. */
  take(name: string): JsonValue | undefined {
    const key = name.toLowerCase();
    this.#taken.add(key);
    return this.#members.get(key)?.[1] ?? undefined;
  }

  takeText(name: string): string | undefined {
    const value = this.take(name);
    return typeof value === "string" && value !== "" ? value : undefined;
  }

  takeFlag(name: string): boolean | undefined {
    return this.#parsed(name, "true or false", (value) => {
      if (typeof value === "boolean") return value;
      return /^(?:true|false)$/i.test(String(value)) ? String(value).toLowerCase() === "true" : undefined;
    });
  }

  takeNumber(name: string): number | undefined {
    return this.#parsed(name, "a whole number", (value) => (/^-?\d+$/.test(String(value)) ? Number(value) : undefined));
  }

  takeTexts(name: string): readonly string[] {
    const list = this.takeList(name);
    const texts = list.filter((value) => typeof value === "string");
    if (texts.length < list.length) this.note(name, "an entry that is no text was left out");
    return texts;
  }

  takeList(name: string): readonly JsonValue[] {
    const value = this.take(name) ?? [];
    return Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [value];
  }

  /** Notes something about a name here. */
  note(name: string, what: string): void {
    this.#notes.add(`${this.where}.${name}`, what);
  }

  /** Notes every name that was not taken and says something. */
  noteRest(): void {
    const rest = [...this.#members].filter(([key, [, value]]) => !this.#taken.has(key) && saysSomething(value));
    if (rest.length > 0) this.#notes.add(this.where, `no counterpart: ${rest.map(([, [name]]) => name).join(", ")}`);
  }

  #parsed<T>(name: string, what: string, read: (value: JsonValue) => T | undefined): T | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    const parsed = read(value);
    if (parsed === undefined) this.note(name, `expected ${what}: left out`);
    return parsed;
  }
}

function saysSomething(value: JsonValue): boolean {
  if (value === null || value === "" || value === false) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

/** Text, or a comment, which .NET takes in its settings. */
const COMMENT = /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/** Text, or a comma before a closing bracket, which .NET takes, too. */
const SPARE_COMMA = /("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g;

/** The data of a settings file. Throws SyntaxError if it is none. */
export function parseSettings(text: string): JsonValue {
  const keepText = (_: string, quoted: string | undefined) => quoted ?? " ";
  return parseExactJson(
    text
      .replace(/^\uFEFF/, "")
      .replace(COMMENT, keepText)
      .replace(SPARE_COMMA, keepText),
  );
}
