import { afterEach, expect, it } from "vitest";
import { leaksIn, searchLater, takeLeaks } from "./leaks.ts";
import { recordingLogger } from "./logger.ts";

afterEach(takeLeaks);

const RANDOM = "Ab3-".repeat(10);

it.each([
  ["a JWT", `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.${RANDOM}`],
  ["a JWT", "eyJhbGciOiJFUzI1NiJ9..c2ln"],
  ["a refresh token", `12.${RANDOM.slice(0, 22)}.3.${RANDOM}Ab3`],
  ["a reference token", `${RANDOM}Ab3`],
  ["credentials", "Authorization: Basic Y2xpZW50OnNlY3JldA=="],
  ["credentials", `{"authorization":"bearer ${RANDOM}"}`],
  ["a secret", "grant_type=x&client_secret=y"],
  ["a secret", '{"client_secret":"y"}'],
  ["a secret", "mongodb://user:hunter2@host"],
  ["a stored secret", `sha256:${RANDOM}`],
  ["a private key", `{"kty":"EC","d":"${RANDOM}"}`],
  ["a private key", "-----BEGIN PRIVATE KEY-----"],
])("finds %s in %s, and does not repeat it", (what, text) => {
  const found = leaksIn(`{"level":"info","msg":${JSON.stringify(text)}}`);
  expect(found.filter((line) => line.startsWith(what))).toHaveLength(1);
  expect(found.join("\n")).not.toContain(text.slice(-8));
});

it.each([
  `{"event":"key_made","kid":"${RANDOM}Ab3","tenant":"default"}`,
  '{"msg":"client_secret is required"}',
  "the basic rules and the bearer of bad news",
  "ClientAuthenticationMethodsOfTheTokenEndpoint",
])("finds nothing in %s", (text) => {
  expect(leaksIn(text)).toEqual([]);
});

it("finds what a logger is told, in causes too", () => {
  const logger = recordingLogger();
  logger.info({ err: new Error("outside", { cause: new Error(`Bearer ${RANDOM}`) }) }, "failed");
  expect(takeLeaks()).toEqual([expect.stringMatching(/^credentials after /)]);
  expect(takeLeaks()).toEqual([]);
});

it("reads what it is to search once, at the end", () => {
  let text = "";
  searchLater(() => text);
  text = `Basic ${RANDOM}`;
  expect(takeLeaks()).toHaveLength(1);
});
