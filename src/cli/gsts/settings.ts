import { isJsonObject, type JsonObject, type JsonValue } from "../../base/json.ts";

/** One line for each thing that was lost, or that needs attention. */
export class Notes {
  readonly #lines: string[] = [];

  /** Adds a note about a place, such as `clients.web`. */
  add(where: string, what: string): void {
    this.#lines.push(`${where}: ${what}`);
  }

  /** All notes, in order. */
  list(): readonly string[] {
    return this.#lines;
  }
}

/**
 * An object in .NET's settings: names ignore case, and a value may be text, as in an environment variable. It remembers
 * what was taken, so that the rest can be reported.
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

  /** Takes the value of a name; undefined if there is none, or it is null. */
  take(name: string): JsonValue | undefined {
    const key = name.toLowerCase();
    this.#taken.add(key);
    return this.#members.get(key)?.[1] ?? undefined;
  }

  takeText(name: string): string | undefined {
    const value = this.#parsed(name, "a string", (given) => (typeof given === "string" ? given : undefined));
    return value === "" ? undefined : value;
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

  /** Takes a C# enumeration: the name of a choice, in any case, or its number. */
  takeChoice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const expected = choices.map((choice, index) => `${index} or ${choice}`).join(", ");
    return this.#parsed(name, expected, (value) => {
      const word = String(value).toLowerCase();
      return choices.find((choice, index) => word === choice || word === String(index));
    });
  }

  takeTexts(name: string): readonly string[] {
    const list = this.takeList(name);
    const texts = list.filter((value) => typeof value === "string");
    if (texts.length < list.length) this.note(name, "skipped an entry that is not a string");
    return texts;
  }

  takeList(name: string): readonly JsonValue[] {
    const value = this.take(name) ?? [];
    return Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [value];
  }

  /** Adds a note about a name here. */
  note(name: string, what: string): void {
    this.#notes.add(`${this.where}.${name}`, what);
  }

  /** Adds a note for every name that was not taken and has a value. */
  noteRest(): void {
    const rest = [...this.#members].filter(([key, [, value]]) => !this.#taken.has(key) && saysSomething(value));
    if (rest.length > 0) this.#notes.add(this.where, `no counterpart: ${rest.map(([, [name]]) => name).join(", ")}`);
  }

  #parsed<T>(name: string, what: string, read: (value: JsonValue) => T | undefined): T | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    const parsed = read(value);
    if (parsed === undefined) this.note(name, `skipped: expected ${what}`);
    return parsed;
  }
}

function saysSomething(value: JsonValue): boolean {
  if (value === null || value === "" || value === false) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}
