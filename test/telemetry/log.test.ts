import { describe, expect, it } from "vitest";
import type { Decided, Event } from "../../src/telemetry/events.ts";
import { EventLog } from "../../src/telemetry/log.ts";
import { recordingLogger } from "../support/logger.ts";

const circumstances = { operation: "mint", tenant: "acme", requestId: "r1", remoteAddress: "192.0.2.1", duration: 1.5 };
const refused = (reason = "grant_type is required.", code = "invalid_request", cause?: Error): Event => ({
  ...circumstances,
  event: "refused",
  code,
  reason,
  cause,
});

function log() {
  let elapsed = 0;
  const logger = recordingLogger();
  const eventLog = new EventLog(logger, () => elapsed);
  const { listen } = eventLog;
  const pass = (milliseconds: number) => {
    elapsed += milliseconds;
  };
  return { logger, listen, pass, report: () => eventLog.report() };
}

describe("the log of events", () => {
  it("alone writes lines with the name of an event", () => {
    const { logger } = log();
    // @ts-expect-error: nobody else can, or the events would not be those of the union.
    logger.warn({ event: "key_made" }, "a key was made");
    expect(logger.lines).toHaveLength(1);
  });

  it("has all that is known of what was done", () => {
    const { logger, listen } = log();
    const event: Event = { ...circumstances, client: "web", event: "revoked", what: "grant", family: "f" };
    listen(event);
    expect(logger.lines).toEqual([
      { level: "info", fields: event, message: "a token, a grant or a subject was revoked" },
    ]);
  });

  it("tells nothing of whom it is for, and of who acts", () => {
    const { logger, listen } = log();
    const who = { ...circumstances, client: "web", subject: "alice", actor: "service" };
    listen({ ...who, event: "revoked", what: "grant", family: "f" });
    listen({ ...who, event: "refused", code: "invalid_request", reason: "no", cause: undefined });
    expect(logger.text()).toContain("web");
    expect(logger.text()).not.toMatch(/alice|service/);
  });

  it("says in a line for debugging what was decided", () => {
    const { logger, listen } = log();
    const minted = { ...circumstances, event: "minted", accessTokenType: "jwt", jti: "j", family: undefined } as const;
    const decided: Decided = {
      accessTokenType: "jwt",
      accessTokenTypeFrom: "client",
      accessTokenLifetime: 60,
      accessTokenLifetimeFrom: "request",
      issuer: "https://mint.example",
      audience: [],
      scopes: [],
      fixedClaims: [],
      refreshable: false,
    };
    listen({ ...minted, grantType: "g", decided });
    expect(logger.lines).toEqual([
      { level: "debug", fields: { requestId: "r1", ...decided }, message: "what was decided" },
      { level: "info", fields: { ...minted, grantType: "g" }, message: "tokens were minted" },
    ]);
  });

  it("says why a request was refused, and by which id it can be found", () => {
    const { logger, listen } = log();
    listen(refused());
    expect(logger.lines).toMatchObject([
      { level: "info", fields: { code: "invalid_request", reason: "grant_type is required.", requestId: "r1" } },
    ]);
  });

  it.each([
    ["server_error", "error"],
    ["temporarily_unavailable", "warn"],
  ])("has the cause of %s", (code, level) => {
    const { logger, listen } = log();
    const cause = new Error("the cause");
    listen(refused("An unexpected error occurred.", code, cause));
    expect(logger.lines).toMatchObject([{ level, fields: { err: cause } }]);
  });

  it("has no more than 50 lines a second for refusals, and says how many it left out", () => {
    const { logger, listen, pass } = log();
    for (let time = 0; time < 80; time++) listen(refused());
    expect(logger.lines).toHaveLength(50);
    listen({
      ...circumstances,
      event: "refresh_reused",
      family: "f",
      code: "invalid_grant",
      reason: "",
      cause: undefined,
    });
    expect(logger.lines.at(-1)).toMatchObject({ level: "warn", fields: { event: "refresh_reused" } });
    pass(1_000);
    listen(refused());
    expect(logger.lines.slice(-2)).toMatchObject([{ level: "warn", fields: { count: 30 } }, { level: "info" }]);
  });

  it("has lines for one tenant's operators whatever its clients, or another tenant's, do", () => {
    const { logger, listen } = log();
    for (let time = 0; time < 60; time++) listen(refused());
    listen({ ...circumstances, event: "operator_refused", code: "invalid_client", reason: "", cause: undefined });
    listen({ ...refused(), tenant: "globex" });
    expect(logger.lines).toHaveLength(52);
  });

  it("has lines for what callers did wrong while the mint itself fails, and no flood of those either", () => {
    const { logger, listen, report } = log();
    for (let time = 0; time < 80; time++) listen(refused("Try again.", "temporarily_unavailable", new Error("away")));
    listen(refused());
    expect(logger.lines).toHaveLength(51);
    report();
    expect(logger.lines.at(-1)).toMatchObject({ level: "warn", fields: { whose: "mint", count: 30 } });
  });

  it("says at the end what it left out, once", () => {
    const { logger, listen, report } = log();
    for (let time = 0; time < 80; time++) listen(refused());
    report();
    report();
    const message = "some refusals were not logged one by one";
    const fields = { tenant: "acme", whose: "clients", count: 30 };
    expect(logger.lines.slice(50)).toEqual([{ level: "warn", fields, message }]);
  });
});
