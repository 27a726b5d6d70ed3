import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OAuthError } from "../../src/engine/errors.ts";
import { parseForm, requireFormType } from "../../src/http/form.ts";

const parse = (text: string | Buffer) => Object.fromEntries(parseForm(Buffer.from(text as string)));

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof OAuthError && error.code === "invalid_request") return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** All that a form may hold, as the gateway reads it. */
const EVERY_PARAMETER = [
  ...["grant_type", "client_id", "client_secret", "subject", "issuer", "scope", "arbitrary_claims", "arbitrary_json"],
  ...["custom_payload", "arbitrary_amrs", "arbitrary_audiences", "access_token_lifetime", "id_token_lifetime"],
  ...["access_token_type", "access_token", "authority", "id_token", "refresh_token", "token", "token_type_hint"],
  ...["revoke_all_subjects", "subject_token", "subject_token_type", "actor_token", "actor_token_type"],
  ...["requested_token_type", "request_context", "request_details"],
];

describe("parseForm", () => {
  test("gives back what was encoded", () => {
    const form = fc.dictionary(
      fc.string({ unit: "grapheme", minLength: 1 }),
      fc.string({ unit: "grapheme", minLength: 1 }),
      { maxKeys: 20 },
    );
    fc.assert(
      fc.property(form, (members) => {
        const body = new URLSearchParams(Object.entries(members)).toString();
        expect([...parseForm(Buffer.from(body))]).toEqual(Object.entries(members));
      }),
    );
  });

  test("takes what is not escaped as it stands", () => {
    const json = '{\n "preferred_username": ["a@b.c"],\t"q":[1, {"é":"=?/#;ü😀"}]\r\n}';
    expect(parse(`a=${json}&b=x`)).toEqual({ a: json, b: "x" });
  });

  test("reads + as a space and %2B as a plus, in names too", () => {
    expect(parse("a+b=1+2%2B3&%C3%A9=%E2%82%AC")).toEqual({ "a b": "1 2+3", é: "€" });
  });

  test("splits at the first equals sign", () => {
    expect(parse("a==b=")).toEqual({ a: "=b=" });
  });

  test.each(["", "&", "a", "a=", "=", "&&a=&", "a=&a=", "a&a"])("finds nothing in '%s'", (text) => {
    expect(parse(text)).toEqual({});
  });

  test.each(["a=&a=1", "a=1&a=", "a&a=1&a&a="])("counts an empty parameter as omitted: %s", (text) => {
    expect(parse(text)).toEqual({ a: "1" });
  });

  test.each([
    ["scope=1&b=2&scope=3", "scope is given more than once."],
    ["scope=x&scope=x", "scope is given more than once."],
    ["token=1&%74oken=2", "token is given more than once."],
    ["client_id=a&client_id=b", "client_id is given more than once."],
    ...EVERY_PARAMETER.map((name) => [`${name}=a&${name}=b`, `${name} is given more than once.`]),
    ["a=%", "a is not percent-encoded UTF-8."],
    ["a=100%&b=1", "a is not percent-encoded UTF-8."],
    ["a=%4", "a is not percent-encoded UTF-8."],
    ["a=%zz", "a is not percent-encoded UTF-8."],
    ["client_secret=%FF", "client_secret is not percent-encoded UTF-8."],
    ["a=%C0%80", "a is not percent-encoded UTF-8."],
    ["a=%ED%A0%80", "a is not percent-encoded UTF-8."],
    ["%=1", "A parameter's name is not percent-encoded UTF-8."],
  ])("refuses %s", (text, message) => {
    expect(refusal(() => parse(text))).toBe(message);
  });

  test.each([[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x61, 0x80]])(
    "refuses bytes that are not UTF-8: %s",
    (...bytes) => {
      expect(refusal(() => parse(Buffer.concat([Buffer.from("a="), Buffer.from(bytes)])))).toBe(
        "The form is not UTF-8.",
      );
    },
  );

  test("keeps the first value of a parameter that nobody knows", () => {
    expect(parse("unknown=1&scope=a&%75nknown=2")).toEqual({
      unknown: "1",
      scope: "a",
    });
  });

  test("keeps all values of a parameter that may have several, in their order", () => {
    const form = parseForm(Buffer.from("resource=x&scope=a&resource=&resource=y&resource=x"));
    expect(form.all("resource")).toEqual(["x", "y", "x"]);
    expect(form.all("scope")).toEqual(["a"]);
    expect(form.all("nothing")).toEqual([]);
  });

  test("bounds the number of parameters", () => {
    const pairs = Array.from({ length: 64 }, (_, n) => `p${n}=1`);
    expect(parseForm(Buffer.from(pairs.join("&"))).size).toBe(64);
    expect(refusal(() => parse([...pairs, "x=1"].join("&")))).toBe("The form has more than 64 parameters.");
    expect(refusal(() => parse("&".repeat(65_536)))).toBe("The form has more than 64 parameters.");
  });

  test("pollutes nothing", () => {
    const form = parseForm(Buffer.from("__proto__=1&constructor=2&toString=3"));
    expect([...form]).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
      ["toString", "3"],
    ]);
    expect(form.get("hasOwnProperty")).toBeUndefined();
  });
});

describe("requireFormType", () => {
  test.each([
    "application/x-www-form-urlencoded",
    "Application/X-WWW-Form-URLencoded",
    "application/x-www-form-urlencoded;charset=UTF-8",
    "application/x-www-form-urlencoded ; Charset=utf-8 ",
    'application/x-www-form-urlencoded; charset="Utf-8"',
    "application/x-www-form-urlencoded;charset=UTF8",
    'application/x-www-form-urlencoded; charset="utf8"',
    "application/x-www-form-urlencoded;",
    "application/x-www-form-urlencoded; charset=utf-8; ",
  ])("takes %s", (type) => {
    expect(() => requireFormType([type])).not.toThrow();
  });

  test("refuses two, and none", () => {
    const type = "application/x-www-form-urlencoded";
    expect(refusal(() => requireFormType([type, type]))).toBe("Content-Type is given more than once.");
    expect(refusal(() => requireFormType([]))).toBe(
      "Content-Type must be application/x-www-form-urlencoded, in UTF-8.",
    );
  });

  test.each([
    "",
    "application/json",
    "multipart/form-data; boundary=x",
    "text/plain",
    "application/x-www-form-urlencoded2",
    "application/x-www-form-urlencoded; charset=iso-8859-1",
    "application/x-www-form-urlencoded; charset=utf-16",
    "application/x-www-form-urlencoded; charset=utf-8; charset=utf-16",
    "application/x-www-form-urlencoded, application/json",
  ])("refuses %s", (type) => {
    expect(refusal(() => requireFormType([type]))).toBe(
      "Content-Type must be application/x-www-form-urlencoded, in UTF-8.",
    );
  });
});
