import { beforeEach, describe, expect, it } from "vitest";
import type { Because, Ending, Event } from "../../src/telemetry/events.ts";
import { fakeClock } from "../support/clock.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const STRANGER = "stranger";
const LIFETIME = 3600;

let context: TestContext;
let events: Event[];
let tokens: { accessToken: string; reference: string; refreshToken: string };
beforeEach(async () => {
  events = [];
  context = await hearing(fakeClock());
  const { accessToken, refreshToken = "" } = await mint();
  tokens = { accessToken, reference: (await mint({ accessTokenType: "reference" })).accessToken, refreshToken };
});

const store = () => createMemoryStore();

/** A node with a client, maybe as it is configured by now, and another. */
function hearing(clock: ReturnType<typeof fakeClock>, wholeStore = store()): Promise<TestContext> {
  const tenant = testTenant({}, [
    testClient({ absoluteRefreshTokenLifetime: 2 * LIFETIME, slidingRefreshTokenLifetime: LIFETIME }),
    testClient({ id: STRANGER }),
  ]);
  return testContext(tenant, wholeStore, undefined, clock, { heard: (event) => void events.push(event) });
}

const caller = (clientId = CLIENT_ID) => ({ clientId, clientSecret: SECRET });

const mint = (request: object = {}) =>
  context.engine.mint(caller(), {
    grantType: "arbitrary_identity",
    subject: "someone",
    scopes: ["offline_access"],
    accessTokenLifetime: LIFETIME,
    ...request,
  });

/** What the events of requests said since the last time of why tokens are not active. */
function becauses(): readonly (Because | undefined)[] {
  return events.splice(0).map((event) => (event as Ending).because);
}

const introspectAll = async (clientId?: string) => {
  events = [];
  for (const token of Object.values(tokens)) await context.engine.introspect(caller(clientId), { token });
  return becauses();
};

describe("the event of a request says what its caller is not told: why a token", () => {
  it("is active: nothing", async () => {
    expect(await introspectAll()).toEqual([undefined, undefined, undefined]);
  });

  it("has expired", async () => {
    context.clock.advance((LIFETIME + 1) * 1000);
    expect(await introspectAll()).toEqual(["expired", "expired", "expired"]);
    await refusalOf(context.engine.refresh(caller(), { refreshToken: tokens.refreshToken }));
    expect(becauses()).toEqual(["expired"]);
  });

  it("is another client's", async () => {
    const other = "not this client's business";
    expect(await introspectAll(STRANGER)).toEqual([other, other, other]);
    await refusalOf(context.engine.refresh(caller(STRANGER), { refreshToken: tokens.refreshToken }));
    for (const token of Object.values(tokens)) await context.engine.revoke(caller(STRANGER), { token });
    expect(becauses()).toEqual([other, other, other, other]);
  });

  it("is none", async () => {
    tokens = { accessToken: "e30.e30.e30", reference: "a".repeat(43), refreshToken: `${tokens.refreshToken}x` };
    const none = "not a token of this tenant";
    expect(await introspectAll()).toEqual([none, none, none]);
  });

  it("was exchanged", async () => {
    await context.engine.refresh(caller(), { refreshToken: tokens.refreshToken });
    expect(await introspectAll()).toEqual([undefined, undefined, "exchanged for its successor"]);
  });

  it("was revoked, itself or with its grant or its subject", async () => {
    const { reference: lonely } = { reference: (await mint({ scopes: [] })).accessToken };
    await context.engine.revoke(caller(), { token: lonely });
    events = [];
    await context.engine.introspect(caller(), { token: lonely });
    expect(becauses()).toEqual(["revoked"]);

    await context.engine.revoke(caller(), { token: tokens.refreshToken });
    const gone = "grant revoked or unknown";
    expect(await introspectAll()).toEqual([gone, undefined, gone]);

    await context.engine.revoke(caller(), { token: "someone", tokenTypeHint: "subject" });
    expect(await introspectAll()).toEqual([gone, "revoked", gone]);
  });

  it("cannot be used to mint from", async () => {
    await context.engine.revoke(caller(), { token: tokens.refreshToken });
    events = [];
    const { accessToken } = tokens;
    const grantType = "arbitrary_resource_owner";
    await refusalOf(mint({ grantType, subject: undefined, accessToken, arbitraryClaims: {} }));
    expect(becauses()).toEqual(["grant revoked or unknown"]);
  });
});

describe("and what was decided about tokens, and where that is from:", () => {
  const decided = () => (events.splice(0).at(-1) as Ending).decided;

  it("the request", async () => {
    await mint({ accessTokenType: "reference", scopes: ["b"] });
    expect(decided()).toMatchObject({
      accessTokenType: "reference",
      accessTokenTypeFrom: "request",
      accessTokenLifetime: LIFETIME,
      accessTokenLifetimeFrom: "request",
      scopes: ["b"],
      refreshable: false,
    });
  });

  it("the client, and at a refresh the grant", async () => {
    const { refreshToken } = await mint({ accessTokenLifetime: undefined });
    expect(decided()).toMatchObject({ accessTokenTypeFrom: "client", accessTokenLifetimeFrom: "client" });
    await context.engine.refresh(caller(), { refreshToken });
    expect(decided()).toMatchObject({
      accessTokenTypeFrom: "grant",
      accessTokenLifetimeFrom: "grant",
      refreshable: true,
    });
  });
});
