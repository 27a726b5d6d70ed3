import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/base/json.ts";
import { parseJson } from "../../src/engine/exact-json.ts";
import { InvalidValue } from "../../src/engine/request.ts";

const LOSSY = "it holds a number that would lose precision: send it as a string.";

/** Any JSON, with names that collide with JavaScript's own and strings that look like JSON. */
const name = fc.oneof(fc.constantFrom("__proto__", "constructor", "toString", "", "0", 'a":', "{", "\\"), fc.string());
const { value: anyJson } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.oneof(name, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.array(fc.tuple(name, tie("value")), { maxLength: 5 }).map((members): JsonObject => Object.fromEntries(members)),
  ),
}));

/** What was wrong. */
function reason(text: string): string | undefined {
  const value = parseJson(text);
  if (!(value instanceof InvalidValue)) throw new Error(`'${text.slice(0, 100)}' was read`);
  return value.reason;
}

function objectsIn(value: JsonValue): JsonObject[] {
  if (typeof value !== "object" || value === null) return [];
  const below = Object.values(value).flatMap(objectsIn);
  return isJsonObject(value) ? [value, ...below] : below;
}

/** JSON text in which the chosen object has one of its members again, at the end, under an escaped name. */
function writeTwice(value: JsonValue, chosen: JsonObject, again: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => writeTwice(item, chosen, again)).join(" ,")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, member]) => `${JSON.stringify(key)} :${writeTwice(member, chosen, again)}`,
  );
  if (value === chosen) members.push(`"${escaped(again)}": 1`);
  return `{ ${members.join(",")}}`;
}

function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at).toString(16).padStart(4, "0"));
  return units.map((unit) => `\\u${unit}`).join("");
}

describe("parseJson", () => {
  test("reads every JSON value", () => {
    fc.assert(
      fc.property(anyJson, fc.constantFrom(0, 1, "\t"), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(value));
      }),
    );
  });

  test("refuses every member that is there twice, at whatever depth", () => {
    fc.assert(
      fc.property(anyJson, fc.nat(), fc.nat(), (value, which, member) => {
        const objects = objectsIn(value).filter((object) => Object.keys(object).length > 0);
        fc.pre(objects.length > 0);
        const chosen = objects[which % objects.length] as JsonObject;
        const names = Object.keys(chosen);
        const again = names[member % names.length] as string;
        expect(reason(writeTwice(value, chosen, again))).toBe(`it has the member '${again.slice(0, 64)}' twice.`);
      }),
    );
  });

  test.each([
    "",
    " ",
    "{",
    "[1,]",
    "{'a':1}",
    "{a:1}",
    "nul",
    "01",
    "1.",
    "+1",
    "NaN",
    "1 2",
    '"\n"',
    "\ufeff{}",
    "{}x",
  ])("says no more of what is not JSON: %j", (text) => {
    expect(reason(text)).toBeUndefined();
  });

  test("keeps members with the names of JavaScript's own as they are", () => {
    const value = parseJson('{"__proto__":{"admin":true},"constructor":{"prototype":1}}') as JsonObject;
    expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect((value as { admin?: boolean }).admin).toBeUndefined();
  });

  test("lets different objects have a member each, and a value be like a name", () => {
    const text = '{"a":{"a":"a"},"b":[{"a":1},{"a":1}],"c":["a","a"],"A":"a\\":"}';
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  test("sees a member twice after a nested object has ended", () => {
    expect(reason('{"a":{"b":1},"c":[{}],"a":2}')).toBe("it has the member 'a' twice.");
  });

  test("repeats no more than the start of a long name", () => {
    const long = "n".repeat(30_000);
    expect(reason(`{"${long}":1,"${long}":2}`)).toBe(`it has the member '${"n".repeat(64)}' twice.`);
  });

  test.each([
    "0",
    "-0",
    "0.0",
    "0e5",
    "-0.0e-0",
    "1",
    "-1",
    "1.0",
    "1.50",
    "1e2",
    "1E+2",
    "100e-2",
    "0.1",
    "0.10",
    "1e-7",
    "0.0000001",
    "1e21",
    "1000000000000000000000",
    "9007199254740991",
    "9007199254740992",
    "12345678901234567000",
    "1.7976931348623157e308",
    "5e-324",
    `1${"0".repeat(300)}`,
    `0.${"0".repeat(300)}1`,
    `${"0.5"}${"0".repeat(30_000)}`,
  ])("keeps %s", (number) => {
    expect(parseJson(`[${number}]`)).toEqual([Number(number)]);
  });

  test.each([
    "12345678901234567890",
    "9007199254740993",
    "1e400",
    "-1e400",
    "1e-400",
    "0.1000000000000000055",
    "1.00000000000000000001",
    "1e99999999999999999999",
    "1e-99999999999999999999",
    "123456789.123456789123",
    `${"9".repeat(30_000)}`,
    `0.${"0".repeat(30_000)}1`,
  ])("refuses %s", (number) => {
    expect(reason(`{"a":["x",{"b":${number}}]}`)).toBe(LOSSY);
  });

  test("reads numbers in strings and names as the text they are", () => {
    expect(parseJson('{"1e400":"12345678901234567890"}')).toEqual({ "1e400": "12345678901234567890" });
  });

  test("outlasts any nesting that fits into a form", () => {
    const half = 32 * 1024;
    expect(reason("[".repeat(2 * half))).toBeUndefined();
    expect(reason('{"a":'.repeat(13_000))).toBeUndefined();
    expect(parseJson("[".repeat(half) + "]".repeat(half))).toBeInstanceOf(Array);
    expect(reason(`${'{"a":'.repeat(10_000)}{"b":1,"b":2}${"}".repeat(10_000)}`)).toBe("it has the member 'b' twice.");
  });

  test.each([
    ["quotes", `["${'\\"'.repeat(500_000)}"]`],
    ["backslashes", `["${"\\\\".repeat(500_000)}"]`],
    ["strings", `[${'"",'.repeat(300_000)}""]`],
    ["spaces", `{"a"${" ".repeat(1_000_000)}:1}`],
    ["spaces after a value", `["a"${" ".repeat(1_000_000)}]`],
    ["zeros", `[1.${"0".repeat(1_000_000)}]`],
    ["zeros within digits", `[0.${"0".repeat(1_000_000)}1]`],
    ["members", `{${Array.from({ length: 50_000 }, (_, n) => `"m${n}":${n}`).join()}}`],
  ])("takes time in proportion: a megabyte of %s", (_, text) => {
    const start = process.threadCpuUsage();
    parseJson(text);
    // The processor's time: what else runs on the machine does not count. In microseconds.
    expect(process.threadCpuUsage(start).user).toBeLessThan(2_000_000);
  });
});
