import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type JsonObject, type JsonValue, parseExactJson, withPlainNames } from "../../src/base/json.ts";
import { poisonOf } from "../support/poison.ts";

/** A JSON value and a text of it, most of whose names are written with escapes. */
interface Written {
  readonly value: JsonValue;
  readonly text: string;
}

const SHORT: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "/": "\\/", "\n": "\\n", "\t": "\\t" };

/** A character as JSON may write it: as it is if it may be, short if it can be, or by its number. */
function written(unit: string, style: number): string {
  const number = `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const plain = JSON.stringify(unit) === `"${unit}"` ? unit : number;
  return [plain, SHORT[unit] ?? plain, number, number.toUpperCase().replace("U", "u")][style] ?? number;
}

const character = fc.oneof(
  fc.constantFrom('"', "\\", "/", "\n", "\t", "a", "u", "0", "é", "\u0000", "\ud800", "\udc00", ":", "{", "1"),
  fc.string({ minLength: 1, maxLength: 1, unit: "binary" }),
);
const styled = fc
  .array(fc.tuple(character, fc.nat(3)), { maxLength: 4 })
  .map((characters) => characters.flatMap(([text, style]) => text.split("").map((unit) => ({ unit, style }))))
  .map((units) => ({
    value: units.map(({ unit }) => unit).join(""),
    text: `"${units.map(({ unit, style }) => written(unit, style)).join("")}"`,
  }));
const plainName = (value: string) => ({ value, text: JSON.stringify(value) });
const name = fc.oneof(styled, styled, fc.constantFrom("__proto__", "a", "sub", "0", "1", "").map(plainName));

const { json } = fc.letrec<{ json: Written }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(
      styled,
      fc.constantFrom(null, true, 0, -1.5e300).map((value) => ({ value, text: JSON.stringify(value) })),
    ),
    fc.array(tie("json"), { maxLength: 3 }).map((items) => ({
      value: items.map(({ value }) => value),
      text: `[${items.map(({ text }) => text).join(" , ")}]`,
    })),
    fc.array(fc.tuple(name, tie("json")), { maxLength: 4 }).map((members) => ({
      value: Object.fromEntries(members.map(([key, { value }]) => [key.value, value])),
      text: `{${members.map(([key, { text }]) => `${key.text}\t: ${text}`).join(",")}}`,
    })),
  ),
}));

describe("parseExactJson", () => {
  test("reads what is written, whatever JSON.parse has read before", () => {
    fc.assert(
      fc.property(json, ({ value, text }) => {
        JSON.parse(poisonOf(text));
        // As text, which tells the order of members too.
        expect(JSON.stringify(parseExactJson(text))).toBe(JSON.stringify(value));
      }),
      { numRuns: 500 },
    );
  });

  test("takes what JSON.parse takes, and nothing else", () => {
    const piece = fc.constantFrom(
      '"',
      "\\",
      "\\u0061",
      "a",
      ":",
      ",",
      "{",
      "}",
      "[",
      "]",
      "1",
      " ",
      "\n",
      "\u2028",
      '{"',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        const accepts = (parse: (text: string) => unknown) => {
          try {
            parse(text);
            return true;
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError);
            return false;
          }
        };
        expect(accepts(parseExactJson)).toBe(accepts(JSON.parse));
      }),
      { numRuns: 2000 },
    );
  });

  test("takes the last of a member's values, as JSON.parse does", () => {
    for (const text of ['{"a":1,"b":2,"\\u0061":3}', '{"\\u0061":1,"a":2}', '{"\\u0031":1,"1":2}']) {
      expect(JSON.stringify(parseExactJson(text))).toBe(JSON.stringify(JSON.parse(text)));
    }
  });

  test("makes a member of __proto__, however it is written", () => {
    for (const text of ['{"__proto__":{"admin":true}}', '{"\\u005f_proto__":{"\\u0061dmin":true}}']) {
      const value = parseExactJson(text) as JsonObject;
      expect(Object.keys(value)).toEqual(["__proto__"]);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect((value as { admin?: boolean }).admin).toBeUndefined();
    }
  });

  test("outlasts any nesting", () => {
    const depth = 100_000;
    const text = `${'{"\\u0061":['.repeat(depth)}1${"]}".repeat(depth)}`;
    let value = parseExactJson(text);
    for (let level = 0; level < depth; level++) value = (value as { a: [JsonValue] }).a[0];
    expect(value).toBe(1);
    expect(() => parseExactJson('{"\\u0061":['.repeat(depth))).toThrow(SyntaxError);
  });

  test.each([
    ["quotes", `["${'\\"'.repeat(500_000)}"]`],
    ["quotes without an end", `"${'\\"'.repeat(500_000)}`],
    ["quotes without an end, after a name", `{"\\u0061":"${'\\"'.repeat(500_000)}`],
    ["spaces after a string", `["\\u0061"${" ".repeat(1_000_000)}]`],
    ["spaces after a name", `{"\\u0061"${" ".repeat(1_000_000)}:1}`],
    ["names", `{${Array.from({ length: 50_000 }, (_, n) => `"\\u0061${n}":{}`).join()}}`],
  ])("takes time in proportion: a megabyte of %s", (_, text) => {
    const start = process.threadCpuUsage();
    try {
      parseExactJson(text);
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError);
    }
    // The processor's time: what else runs on the machine does not count. In microseconds.
    expect(process.threadCpuUsage(start).user).toBeLessThan(2_000_000);
  });
});

describe("withPlainNames", () => {
  test("gives the same JSON without an escaped name, or nothing", () => {
    fc.assert(
      fc.property(json, ({ value, text }) => {
        const plain = withPlainNames(text);
        fc.pre(plain !== undefined);
        JSON.parse(poisonOf(text));
        expect(JSON.stringify(JSON.parse(plain ?? ""))).toBe(JSON.stringify(value));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['{"pr\\u00e9nom" : "\\u00e9"}', '{"prénom" : "\\u00e9"}'],
    ['{"a":"\\"b\\":"}', '{"a":"\\"b\\":"}'],
    ['[{"\\/\\ud83d\\udc22":1}]', '[{"/🐢":1}]'],
    ['{"a\\"":1}', undefined],
    ['{"\\\\":1}', undefined],
    ['{"\\n":1}', undefined],
    ['{"\\u0000":1}', undefined],
    ['{"\\ud800":1}', undefined],
    ['{"\\ud800":1,"\\u0061":1}', undefined],
  ])("%j", (text, plain) => {
    expect(withPlainNames(text)).toBe(plain);
  });
});
