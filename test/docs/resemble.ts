import { expect } from "vitest";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/token/json.ts";
import { claimsOf } from "../support/decode.ts";
import type { Block } from "../support/snippets.ts";

/** The members of answers, tokens and keys that no page can foretell: their type is all that counts. */
const RANDOM = new Set(
  [
    "access_token refresh_token id_token accessToken refreshToken idToken jti at_hash",
    "kid n x y client_secret etag",
  ].flatMap((names) => names.split(" ")),
);

/** The claims that are moments: what counts is how far they are from `nbf`. */
const MOMENTS = ["nbf", "iat", "exp", "auth_time"];

/** Whether a text is what a page says, in which `<…>` stands for anything. */
export function describes(told: string, text: string): boolean {
  const parts = told.split(/<[^<>]+>/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".+")}$`, "s").test(text);
}

/**
 * Checks what the requests of a page were answered. Each answer is JSON and no refusal; the last answer of a block of
 * requests is what a block of `json` right after it says, if there is one; and a block of `json access_token` or
 * `json id_token` is what every such token says that was answered in its section. `outputs`: see `runSnippets`.
 */
export function checkAnswers(
  page: string,
  blocks: readonly Block[],
  isRequest: (block: Block) => boolean,
  outputs: readonly (readonly string[])[],
): void {
  const answered = blocks.filter(isRequest).map((request, index) => {
    const answers = (outputs[index] ?? []).map((line) => parse(page, request, line));
    return { request, answers };
  });
  for (const { request, answers } of answered) {
    const next = blocks[blocks.indexOf(request) + 1];
    const told = next?.info === "json" && next.section === request.section ? next : undefined;
    if (told !== undefined) expectTold(page, told, answers.at(-1) ?? null);
    for (const answer of told === undefined ? answers : answers.slice(0, -1)) {
      expect(isJsonObject(answer) && ("error" in answer || "code" in answer), where(page, request)).toBe(false);
    }
  }
  for (const block of blocks) {
    const [, token] = /^json (access_token|id_token)$/.exec(block.info) ?? [];
    if (token === undefined) continue;
    const own = answered.filter(({ request }) => request.section === block.section).flatMap(({ answers }) => answers);
    expect(own.length, where(page, block)).toBeGreaterThan(0);
    for (const answer of own) expectTold(page, block, claimsOf(tokenIn(answer, token)));
  }
}

function parse(page: string, request: Block, line: string): JsonValue {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`${where(page, request)}: an answer is not JSON: ${line.slice(0, 200)}`);
  }
}

/** A token of an answer, by its name on the form or in Connect's JSON. */
function tokenIn(answer: JsonValue, name: string): string {
  const camel = name.replace(/_t/, "T");
  const token = isJsonObject(answer) ? (answer[name] ?? answer[camel]) : undefined;
  return typeof token === "string" ? token : "";
}

function expectTold(page: string, block: Block, answer: JsonValue): void {
  const told: JsonValue = JSON.parse(block.text);
  expect(settled(answer, told), where(page, block)).toEqual(relative(told));
}

/** The answer with what the page cannot foretell replaced by what it says, where that is of the same type. */
function settled(answer: JsonValue, told: JsonValue | undefined, name = ""): JsonValue {
  if (typeof answer === "string" && typeof told === "string") {
    return RANDOM.has(name) || describes(told, answer) ? told : answer;
  }
  if (Array.isArray(answer)) {
    return answer.map((entry, index) => settled(entry, Array.isArray(told) ? told[index] : undefined));
  }
  if (!isJsonObject(answer)) return answer;
  const members = Object.entries(relative(answer) as JsonObject);
  return Object.fromEntries(
    members.map(([key, value]) => [key, settled(value, isJsonObject(told) ? told[key] : undefined, key)]),
  );
}

/** Claims with their moments as seconds since `nbf`. */
function relative(claims: JsonValue): JsonValue {
  if (!isJsonObject(claims) || typeof claims.nbf !== "number") return claims;
  const { nbf } = claims;
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [
      name,
      MOMENTS.includes(name) && typeof value === "number" ? value - nbf : value,
    ]),
  );
}

function where(page: string, block: Block): string {
  return `${page}:${block.line}`;
}
