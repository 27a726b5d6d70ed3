import { beforeEach, describe, expect, it } from "vitest";
import type { MintRequest } from "../../src/engine/request.ts";
import { type FailingStore, failingStore } from "../support/failing-store.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";
import { type TestWorld, testWorld } from "../support/world.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const other = { clientId: "other", clientSecret: SECRET };

let store: FailingStore;
let world: TestWorld;
beforeEach(async () => {
  store = failingStore(createMemoryStore());
  const quotas = { maxGrants: 2, maxReferenceTokens: 3, maxRevocations: 2 };
  const clients = [testClient(quotas), testClient({ id: "other" })];
  world = await testWorld(testTenant({}, clients), store);
});

const mint = (request: MintRequest = {}, by = credentials) =>
  world.engine.mint(by, {
    grantType: "arbitrary_resource_owner",
    subject: "someone",
    scopes: ["a"],
    arbitraryClaims: {},
    accessTokenLifetime: 600,
    ...request,
  });
const grant = (by = credentials) => mint({ scopes: ["offline_access"] }, by);
const reference = (by = credentials) => mint({ accessTokenType: "reference" }, by);
const revoke = (token: string, hint?: string) => world.engine.revoke(credentials, { token, tokenTypeHint: hint });

const refused = (what: string, most: number, quota: string) => ({
  code: "access_denied",
  message: `This client has as many ${what} as it may: ${most} (${quota}). Wait until some have ended.`,
});
const NO_MORE_GRANTS = refused("grants", 2, "maxGrants");
const NO_MORE_REFERENCES = refused("reference tokens", 3, "maxReferenceTokens");
const NO_MORE_REVOCATIONS = refused("revocations", 2, "maxRevocations");

describe("a quota of grants", () => {
  it("is held to before anything is written, and stops nobody else and nothing else", async () => {
    const [first] = [await grant(), await grant()];
    store.calls.length = 0;
    expect(await refusalOf(grant())).toEqual(NO_MORE_GRANTS);
    expect(store.calls).toEqual([]);
    await mint();
    await grant(other);
    await world.engine.refresh(credentials, { refreshToken: first.refreshToken });
  });

  it("is free again once a grant's row is over", async () => {
    await grant();
    await grant();
    world.clock.advance(15 * 86_400_000 - 1);
    expect(await refusalOf(grant())).toEqual(NO_MORE_GRANTS);
    world.clock.advance(5_001);
    await grant();
  });

  it("counts what other nodes let through before long", async () => {
    const node = await testWorld(world.tenant, store, undefined, world.clock);
    await grant();
    await node.engine.mint(credentials, { grantType: "arbitrary_identity", subject: "x", scopes: ["offline_access"] });
    world.clock.advance(5_000);
    expect(await refusalOf(grant())).toEqual(NO_MORE_GRANTS);
  });
});

describe("a quota of reference tokens", () => {
  it("counts those of mints and of refreshes, and is free again once they have expired", async () => {
    const { refreshToken } = await mint({ scopes: ["offline_access"], accessTokenType: "reference" });
    await reference();
    const next = await world.engine.refresh(credentials, { refreshToken });
    expect(await refusalOf(reference())).toEqual(NO_MORE_REFERENCES);
    const again = { refreshToken: next.refreshToken };
    expect(await refusalOf(world.engine.refresh(credentials, again))).toEqual(NO_MORE_REFERENCES);
    await reference(other);
    await mint();
    world.clock.advance(600_000);
    await world.engine.refresh(credentials, again);
  });
});

describe("a quota of revocations", () => {
  it("counts new ones, and neither one that is repeated nor the end of a grant", async () => {
    const [one, two, three] = [await mint(), await mint(), await mint()];
    const [grantOne, grantTwo] = [await grant(), await grant()];
    await revoke(one.accessToken);
    await revoke("someone else", "subject");
    expect(await refusalOf(revoke(two.accessToken))).toEqual(NO_MORE_REVOCATIONS);
    expect(await refusalOf(revoke("a third", "subject"))).toEqual(NO_MORE_REVOCATIONS);
    await revoke(one.accessToken);
    await revoke("someone else", "subject");
    await revoke(grantOne.refreshToken ?? "");
    await revoke(grantTwo.accessToken);
    for (const { accessToken } of [one, grantOne, grantTwo])
      expect(await world.engine.introspect(credentials, { token: accessToken })).toEqual({ active: false });
    expect(await world.engine.introspect(credentials, { token: three.accessToken })).toMatchObject({ active: true });
  });

  it("is no operator's", async () => {
    await revoke("one", "subject");
    await revoke("two", "subject");
    const operator = { authorization: `Basic ${Buffer.from(`operator:${SECRET}`).toString("base64")}` };
    const { accessToken } = await mint();
    await world.engine.revokeClient(operator, { client: CLIENT_ID });
    expect(await world.engine.introspect(credentials, { token: accessToken })).toEqual({ active: false });
  });
});

it("a client without quotas is not counted", async () => {
  store.calls.length = 0;
  await mint({ scopes: ["offline_access"], accessTokenType: "reference" }, other);
  expect(store.calls.filter((call) => call.endsWith(".count"))).toEqual([]);
});
