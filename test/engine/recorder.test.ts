import { beforeEach, describe, expect, it } from "vitest";
import { UnavailableError } from "../../src/base/unavailable.ts";
import type { TenantEngine } from "../../src/engine/port.ts";
import type { Ending, Event } from "../../src/telemetry/events.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, OPERATOR_ID, SECRET } from "../support/tenant.ts";

class UnrecordedError extends UnavailableError {
  override readonly description = "The request could not be recorded. Try again.";
  override readonly isLogged = true;
}

/** What the recorder and the listener were told, in turn. */
let told: (readonly [by: "recorder" | "listener", Event])[];
let failing: { ready?: boolean; record?: boolean };
let context: TestContext;
let engine: TenantEngine;
beforeEach(async () => {
  failing = {};
  context = await testContext(undefined, undefined, undefined, undefined, {
    heard: (event) => void told.push(["listener", event]),
    recorder: {
      async ready() {
        if (failing.ready) throw new UnrecordedError("No room is left.");
      },
      async record(ending: Ending) {
        if (failing.record) throw new UnrecordedError("No room is left.");
        await Promise.resolve();
        told.push(["recorder", ending]);
      },
    },
  });
  engine = context.engine;
  told = [];
});

const caller = { requestId: "r1", clientId: CLIENT_ID, clientSecret: SECRET };
const operator = { authorization: `Basic ${btoa(`${OPERATOR_ID}:${SECRET}`)}` };
const mint = { grantType: "arbitrary_identity", subject: "someone", scopes: ["offline_access"] };
const unrecorded = { code: "temporarily_unavailable", message: "The request could not be recorded. Try again." };
const grants = () => context.store.families.count(CLIENT_ID, context.clock.now(), 10);
const heard = () => told.filter(([by]) => by === "listener").map(([, event]) => event);

describe("a recorder", () => {
  it("gets each ending before it is answered, and before it is told", async () => {
    await engine.mint(caller, mint);
    expect(told.map(([by, { event }]) => [by, event])).toEqual([
      ["recorder", "minted"],
      ["listener", "minted"],
    ]);
    await refusalOf(engine.mint({ ...caller, clientSecret: "wrong" }, mint));
    expect(told.slice(2).map(([by, { event }]) => [by, event])).toEqual([
      ["recorder", "client_refused"],
      ["listener", "client_refused"],
    ]);
    expect(told[0]?.[1]).toMatchObject({ client: CLIENT_ID, subject: "someone", requestId: "r1" });
  });

  it("gets whom a request is about, which the log does not", async () => {
    const { accessToken, refreshToken } = await engine.mint(caller, mint);
    const next = await engine.refresh(caller, { refreshToken });
    await engine.introspect(caller, { token: accessToken });
    await engine.revoke(caller, { token: next.refreshToken });
    await engine.revoke(caller, { token: "someone", tokenTypeHint: "subject" });
    const recorded = told.filter(([by]) => by === "recorder");
    expect(recorded).toHaveLength(5);
    for (const [, event] of recorded) expect(event).toMatchObject({ subject: "someone" });
    expect(context.logger.lines.length).toBeGreaterThan(4);
    expect(context.logger.text()).not.toContain("someone");
  });

  it("gets no token that was given as a subject by mistake", async () => {
    const { accessToken, refreshToken = "" } = await engine.mint(caller, { ...mint, accessTokenType: "reference" });
    for (const token of [accessToken, refreshToken]) await engine.revoke(caller, { token, tokenTypeHint: "subject" });
    for (const token of [accessToken, refreshToken]) expect(JSON.stringify(told)).not.toContain(token);
  });

  it("gets the id of the trace that the request is part of", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    await engine.mint({ ...caller, traceParent: `00-${traceId}-b7ad6b7169203331-01` }, mint);
    await engine.mint({ ...caller, traceParent: "malformed" }, mint);
    expect(told.map(([, event]) => event)).toMatchObject([{ traceId }, { traceId }, {}, {}]);
    expect(told[2]?.[1]).toMatchObject({ traceId: undefined });
  });
});

describe("a recorder that cannot record", () => {
  it("has nothing done, if that is known before", async () => {
    failing = { ready: true, record: true };
    expect(await refusalOf(engine.mint(caller, mint))).toEqual(unrecorded);
    expect(await refusalOf(engine.rotate(operator, {}))).toEqual(unrecorded);
    expect(await grants()).toBe(0);
    expect(heard()).toMatchObject([
      { event: "refused", operation: "mint", code: "temporarily_unavailable" },
      { event: "refused", operation: "rotate", code: "temporarily_unavailable" },
    ]);
  });

  it("has no token given that is minted, and the event says what is left in the store", async () => {
    failing.record = true;
    expect(await refusalOf(engine.mint(caller, mint))).toEqual(unrecorded);
    expect(await grants()).toBe(1);
    expect(heard()).toMatchObject([
      { event: "refused", unanswered: "minted", jti: expect.any(String), family: expect.any(String) },
    ]);
    expect(context.logger.lines.at(-1)).toMatchObject({ level: "info", fields: { unanswered: "minted" } });
  });

  it("has no refusal given either, whose kind is told all the same", async () => {
    failing.record = true;
    expect(await refusalOf(engine.mint({ ...caller, clientSecret: "wrong" }, mint))).toEqual(unrecorded);
    expect(heard()).toMatchObject([{ event: "client_refused", client: CLIENT_ID, code: "temporarily_unavailable" }]);
  });

  it("has a reused grant revoked, which is told all the same", async () => {
    const { refreshToken } = await engine.mint(caller, mint);
    const next = await engine.refresh(caller, { refreshToken });
    context.clock.advance(20_000);
    failing.record = true;
    expect(await refusalOf(engine.refresh(caller, { refreshToken }))).toEqual(unrecorded);
    expect(heard().at(-1)).toMatchObject({ event: "refresh_reused", code: "temporarily_unavailable" });
    failing = {};
    expect(await engine.introspect(caller, { token: next.refreshToken })).toEqual({ active: false });
  });

  it("takes no grant from a client that goes on trying to refresh it, however long that lasts", async () => {
    const { refreshToken } = await engine.mint(caller, mint);
    for (const ready of [false, true, true]) {
      failing = { ready, record: true };
      expect(await refusalOf(engine.refresh(caller, { refreshToken }))).toEqual(unrecorded);
      // As a job of the node does all the time.
      await context.uncertainRefreshes.reconcileAll();
      context.clock.advance(9_000);
    }
    failing = {};
    const next = await engine.refresh(caller, { refreshToken });
    expect(await engine.introspect(caller, { token: next.refreshToken })).toMatchObject({ active: true });
  });
});
