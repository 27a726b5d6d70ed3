import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, MAX_DURATION, parseDuration } from "../../src/base/duration.ts";
import { loadConfig } from "../../src/config/load.ts";
import { fileWorld, problemsOf, yamlOf } from "../config/context.ts";

const problems = (tenant: object, top: object = {}) => problemsOf(fileWorld(yamlOf({}, tenant, top)));

describe("the times of keys", () => {
  test("are held in seconds, for all nodes and for each tenant", () => {
    const signing = { rotateEvery: "7d", publishAhead: "12h", jwksMaxAge: "10m" };
    const tenant = { signing, refreshKeyRotateEvery: "1h" };
    const config = loadConfig(fileWorld(yamlOf({}, tenant, { keyPollEvery: "1s", keyMaxStaleness: "3s" })));
    expect(config).toMatchObject({ keyPollEvery: 1, keyMaxStaleness: 3 });
    expect(config.tenants.get("acme")).toMatchObject({
      signing: { algorithm: "RS256", rotateEvery: 604_800, publishAhead: 43_200, jwksMaxAge: 600 },
      refreshKeyRotateEvery: 3600,
    });
  });

  test.each([
    [{ keyPollEvery: 0 }, "keyPollEvery: expected whole seconds or text such as 90s or 15m, from 1s to 5m, got 0"],
    [
      { keyPollEvery: "6m" },
      'keyPollEvery: expected whole seconds or text such as 90s or 15m, from 1s to 5m, got "6m"',
    ],
    [{ keyPollEvery: 301 }, "keyPollEvery: expected whole seconds or text such as 90s or 15m, from 1s to 5m, got 301"],
    [{ keyMaxStaleness: "soon" }, "keyMaxStaleness: expected whole seconds or text such as 90s, 15m, 12h or 30d"],
    [
      { keyMaxStaleness: 14 },
      "keyMaxStaleness: expected at least 15s, got 14s: 3 times keyPollEvery (5s), so that one failed read does not stop signing",
    ],
    [{ keyPollEvery: "5m", keyMaxStaleness: "14m" }, "keyMaxStaleness: expected at least 15m, got 14m"],
    [
      { registryPollEvery: "10s", registryMaxStaleness: 29 },
      "registryMaxStaleness: expected at least 30s, got 29s: 3 times registryPollEvery (10s), so that one failed read",
    ],
    [
      { registryMaxStaleness: "25h" },
      "registryMaxStaleness: expected whole seconds or text such as 90s or 15m, from 3s",
    ],
    [{ registryPollEvery: 0 }, "registryPollEvery: expected whole seconds or text such as 90s or 15m, from 1s to 5m"],
  ])("are refused for all nodes: %j", (top, problem) => {
    const told = problems({}, top);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(problem);
  });

  test.each([
    [
      { refreshKeyRotateEvery: "59m" },
      "refreshKeyRotateEvery: expected whole seconds or text such as 90s or 15m, from 1h",
    ],
    [{ signing: { jwksMaxAge: 0 } }, "signing.jwksMaxAge: expected whole seconds"],
    [
      { signing: { publishAhead: "75m" } },
      "signing.publishAhead: expected at least 76m, got 75m: a verifier may not know a new key for jwksMaxAge (1h), " +
        "keyMaxStaleness (15m) and 1m for clocks together",
    ],
    [{ signing: { jwksMaxAge: "1d" } }, "signing.publishAhead: expected at least 1456m, got 1d"],
    [
      { signing: { rotateEvery: "1d" } },
      "signing.rotateEvery: expected at least 1516m, got 1d: a key must sign, and every node and verifier know it, " +
        "before its successor is made, which takes publishAhead (1d), jwksMaxAge (1h), keyMaxStaleness (15m) and 1m " +
        "for clocks together",
    ],
  ])("are refused for a tenant: %j", (tenant, problem) => {
    const told = problems(tenant);
    expect(told).toHaveLength(1);
    expect(told[0]?.replace("tenants.acme.", "")).toContain(problem);
  });

  test("are refused for a tenant if all nodes may be out of date for too long", () => {
    expect(problems({}, { keyMaxStaleness: "23h" })).toEqual([
      expect.stringMatching(/^tenants\.acme\.signing\.publishAhead: expected at least 1441m, got 1d/),
    ]);
  });

  test("are taken exactly when no verifier can meet a key that it does not know", () => {
    const seconds = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(seconds, seconds, seconds, seconds, seconds, (poll, staleness, maxAge, ahead, every) => {
        fc.pre(poll <= 300);
        const signing = { jwksMaxAge: maxAge, publishAhead: ahead, rotateEvery: every };
        const told = problems({ signing }, { keyPollEvery: poll, keyMaxStaleness: staleness });
        const unknown = maxAge + staleness + 60;
        expect(told.map((line) => line.split(":")[0])).toEqual([
          ...(staleness < 3 * poll ? ["keyMaxStaleness"] : []),
          ...(ahead < unknown ? ["tenants.acme.signing.publishAhead"] : []),
          ...(every < ahead + unknown ? ["tenants.acme.signing.rotateEvery"] : []),
        ]);
      }),
    );
  });
});

describe("a duration in words", () => {
  test.each([
    [1, "1s"],
    [90, "90s"],
    [4560, "76m"],
    [7200, "2h"],
    [86_400, "1d"],
  ])("%d seconds are %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));

  test("is read as the same", () => {
    fc.assert(
      fc.property(fc.nat(MAX_DURATION), (seconds) => {
        expect(parseDuration(formatDuration(seconds))).toBe(seconds);
      }),
    );
  });
});
