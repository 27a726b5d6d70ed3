import { expect } from "vitest";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/base/json.ts";
import { claimsOf } from "../support/decode.ts";
import type { Block } from "../support/snippets.ts";

const JWT = /^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$/;
const REFRESH_TOKEN = /^\d+\.[\w-]{22}\.\d+\.[\w-]{43}$/;
const DIGEST = /^[\w-]{43}$/;

/** The members of answers, tokens and keys that no page can foretell, and what each looks like. */
const RANDOM: Readonly<Record<string, RegExp>> = {
  access_token: JWT,
  accessToken: JWT,
  id_token: JWT,
  idToken: JWT,
  refresh_token: REFRESH_TOKEN,
  refreshToken: REFRESH_TOKEN,
  jti: /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}(\.[\w-]{22})?$/,
  at_hash: /^[\w-]{22}$/,
  kid: DIGEST,
  createTime: /^20[\d-]{8}T[\d:.]+Z$/,
  activateTime: /^20[\d-]{8}T[\d:.]+Z$/,
  retireTime: /^20[\d-]{8}T[\d:.]+Z$/,
  removeTime: /^20[\d-]{8}T[\d:.]+Z$/,
};

/** A refresh keeps the moment of the mint: so many seconds may lie between two requests of a page. */
const LONGEST_READ = 15;

/** The claims that are moments: what counts is how far they are from the first. */
const MOMENTS = ["nbf", "iat", "exp", "auth_time"];

/** Whether a text is what a page says, in which `<…>` stands for anything. */
export function describes(told: string, text: string): boolean {
  const parts = told.split(/<[^<>]+>/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".+")}$`, "s").test(text);
}

/**
 * Checks what the requests of a page were answered, as its reader would. No answer is a refusal, or says that a token is
 * dead unless the page does. The last answer of a block of requests is what a block of `json` right after it says; where
 * there is none, a block of `json access_token` or `json id_token` in its section is there instead. Such a block is what
 * every such token says that was answered in its section. `outputs`: see `runSnippets`.
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
    const isShown =
      told !== undefined || blocks.some(({ info, section }) => isToken(info) && section === request.section);
    expect(isShown, `${where(page, request)}: the reader does not see what is answered`).toBe(true);
    for (const answer of told === undefined ? answers : answers.slice(0, -1)) {
      expect(isDisappointing(answer), `${where(page, request)}: ${JSON.stringify(answer)}`).toBe(false);
    }
  }
  for (const block of blocks) {
    if (!isToken(block.info)) continue;
    const token = block.info.slice("json ".length);
    const own = answered.filter(({ request }) => request.section === block.section).flatMap(({ answers }) => answers);
    expect(own.length, where(page, block)).toBeGreaterThan(0);
    for (const answer of own) expectClaims(page, block, tokenIn(answer, token));
  }
}

/** Checks that a token says what a block of a page does. */
export function expectClaims(page: string, block: Block, token: string): void {
  expectTold(page, block, claimsOf(token));
}

function isToken(info: string): boolean {
  return info === "json access_token" || info === "json id_token";
}

/** Whether it is a refusal, or tells of a dead token. */
function isDisappointing(answer: JsonValue): boolean {
  return isJsonObject(answer) && ("error" in answer || "code" in answer || answer.active === false);
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

/** The answer with what the page cannot foretell replaced by what it says, if that is of the same type. */
function settled(answer: JsonValue, told: JsonValue | undefined, name = ""): JsonValue {
  if (typeof answer === "string" && typeof told === "string") {
    return resembles(told, answer, name) ? told : answer;
  }
  if (name === "issuedAt" && typeof answer === "number" && typeof told === "number") return told;
  if (name === "auth_time" && typeof answer === "number" && typeof told === "number") {
    return told - answer >= 0 && told - answer <= LONGEST_READ ? told : answer;
  }
  if (Array.isArray(answer)) {
    return answer.map((entry, index) => settled(entry, Array.isArray(told) ? told[index] : undefined));
  }
  if (!isJsonObject(answer)) return answer;
  const members = Object.entries(relative(answer) as JsonObject);
  const toldMembers = isJsonObject(told) ? (relative(told) as JsonObject) : {};
  return Object.fromEntries(members.map(([key, value]) => [key, settled(value, toldMembers[key], key)]));
}

/** Whether a text is what the page says, or what nobody can foretell and looks like it: with a dot if that has one. */
function resembles(told: string, text: string, name: string): boolean {
  const form = RANDOM[name];
  if (form === undefined) return describes(told, text);
  const beginning = told.split("…")[0] ?? "";
  const isExample = !told.startsWith("<") && (name === "access_token" || name === "accessToken");
  if (isExample && !text.startsWith(beginning)) return false;
  return form.test(text) && (name !== "jti" || told.includes(".") === text.includes("."));
}

/** Claims with their moments as seconds since `nbf`, or `iat` without one. */
function relative(claims: JsonValue): JsonValue {
  if (!isJsonObject(claims)) return claims;
  const start = claims.nbf ?? claims.iat;
  if (typeof start !== "number") return claims;
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [
      name,
      MOMENTS.includes(name) && typeof value === "number" ? value - start : value,
    ]),
  );
}

function where(page: string, block: Block): string {
  return `${page}:${block.line}`;
}
