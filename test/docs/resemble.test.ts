import { describe, expect, it } from "vitest";
import { blocksOf } from "../support/snippets.ts";
import { checkAnswers } from "./resemble.ts";

const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.AAAA";
const REFRESH_TOKEN = `1.${"x".repeat(22)}.0.${"y".repeat(43)}`;
const fence = (info: string, text: string) => `\`\`\`${info}\n${text}\n\`\`\`\n`;

/** Checks a page with one block of requests, what it shows after them, and what they were answered. */
function check(shown: string, ...answers: readonly object[]): void {
  const blocks = blocksOf(`## A section\n${fence("sh", "curl")}${shown}`);
  const lines = answers.map((answer) => JSON.stringify(answer));
  checkAnswers("page.md", blocks, ({ info }) => info === "sh", [lines]);
}

const json = (value: unknown) => fence("json", JSON.stringify(value));

describe("a page", () => {
  it("shows what its last request is answered", () => {
    check(json({ active: false }), { anything: 1 }, { active: false });
    expect(() => check("", { anything: 1 })).toThrow("the reader does not see what is answered");
    expect(() => check(json({ active: true }), { active: false })).toThrow("page.md:5");
    expect(() => check(json({ a: 1 }), { a: 1, b: 2 })).toThrow("page.md:5");
    expect(() => check(json({ a: 1, b: 2 }), { a: 1 })).toThrow("page.md:5");
  });

  it("has no request that is refused, or asks about a dead token, unless it shows that", () => {
    for (const answer of [{ active: false }, { error: "invalid_grant" }, { code: "unauthenticated" }]) {
      expect(() => check(json({ active: true }), answer, { active: true })).toThrow("page.md:2");
    }
  });

  it("shows tokens that look like those that are answered", () => {
    check(json({ access_token: "eyJhbGci…", refresh_token: "1.abc…" }), {
      access_token: JWT,
      refresh_token: REFRESH_TOKEN,
    });
    check(json({ access_token: "<JWT>" }), { access_token: JWT });
    expect(() => check(json({ access_token: "<JWT>" }), { access_token: REFRESH_TOKEN })).toThrow("page.md:5");
    expect(() => check(json({ access_token: "eyJ0eXAi…" }), { access_token: JWT })).toThrow("page.md:5");
    expect(() => check(json({ refresh_token: "<text>" }), { refresh_token: JWT })).toThrow("page.md:5");
  });

  it("shows a jti with a grant exactly if there is one", () => {
    const jti = "01a21954-436a-71bf-8828-23eaa5d30970";
    check(json({ jti: "<UUIDv7>" }), { jti });
    check(json({ jti: `${jti}.${"z".repeat(22)}` }), { jti: `${jti}.${"x".repeat(22)}` });
    expect(() => check(json({ jti: "<UUIDv7>.<grant>" }), { jti })).toThrow("page.md:5");
    expect(() => check(json({ jti }), { jti: `${jti}.${"x".repeat(22)}` })).toThrow("page.md:5");
  });

  it("shows lifetimes as they are, by moments of its own", () => {
    check(json({ nbf: 100, exp: 160, auth_time: 100 }), { nbf: 5000, exp: 5060, auth_time: 4998 });
    expect(() => check(json({ nbf: 100, exp: 160 }), { nbf: 5000, exp: 5061 })).toThrow("page.md:5");
    expect(() => check(json({ nbf: 100, auth_time: 100 }), { nbf: 5000, auth_time: 4000 })).toThrow("page.md:5");
  });

  it("or shows what a token of its section says", () => {
    check(fence("json access_token", '{"sub":"alice"}'), { access_token: JWT });
    expect(() => check(fence("json access_token", '{"sub":"bob"}'), { access_token: JWT })).toThrow("page.md:5");
  });
});
