import { beforeEach, describe, expect, it } from "vitest";
import type { MintRequest, RevokeRequest, TokenSet } from "../../../src/engine/request.ts";
import type { Client } from "../../../src/registry/tenant.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { type FailingStore, failingStore } from "../../support/failing-store.ts";
import { createMemoryStore } from "../../support/memory-store.ts";
import { refusalOf } from "../../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../../support/tenant.ts";

let store: FailingStore;
let context: TestContext;
beforeEach(async () => {
  store = failingStore(createMemoryStore());
  const others: Partial<Client>[] = [
    { id: "sibling", namespace: "group" },
    { id: "stranger" },
    { id: "open", requireSecret: false, requireRefreshSecret: false, secrets: [] },
  ];
  context = await testContext(testTenant({}, [testClient({ namespace: "group" }), ...others.map(testClient)]), store);
});

const as = (clientId: string) => (clientId === "open" ? { clientId } : { clientId, clientSecret: SECRET });

const mint = (request: MintRequest = {}, clientId = CLIENT_ID) =>
  context.engine.mint(as(clientId), {
    grantType: "arbitrary_resource_owner",
    subject: "someone",
    scopes: ["offline_access"],
    arbitraryClaims: {},
    ...request,
  });

const revoke = (token: string | undefined, request: RevokeRequest = {}, clientId = CLIENT_ID) =>
  context.engine.revoke(as(clientId), { token, ...request });

async function isActive(token: string | undefined, clientId = CLIENT_ID): Promise<boolean> {
  return (await context.engine.introspect(as(clientId), { token })).active;
}

/** Whether the access token and the refresh token are active. */
const states = async (tokens: TokenSet, clientId = CLIENT_ID) => [
  await isActive(tokens.accessToken, clientId),
  await isActive(tokens.refreshToken, clientId),
];

const DEAD = [false, false];
const ALIVE = [true, true];

describe("revocation", () => {
  describe.each(["jwt", "reference"])("of a grant with %s access tokens", (accessTokenType) => {
    it("by its refresh token ends every access token made from it, and no other grant", async () => {
      const [tokens, other] = [await mint({ accessTokenType }), await mint({ accessTokenType })];
      const next = await context.engine.refresh(as(CLIENT_ID), { refreshToken: tokens.refreshToken });
      await revoke(next.refreshToken);
      expect(await states(tokens)).toEqual(DEAD);
      expect(await states(next)).toEqual(DEAD);
      expect(await states(other)).toEqual(ALIVE);
      expect(await refusalOf(context.engine.refresh(as(CLIENT_ID), { refreshToken: next.refreshToken }))).toMatchObject(
        {
          code: "invalid_grant",
        },
      );
    });

    it("by an access token ends that and its grant", async () => {
      const tokens = await mint({ accessTokenType });
      await revoke(tokens.accessToken);
      expect(await states(tokens)).toEqual(DEAD);
    });

    it("ends an access token that has no grant alone", async () => {
      const [tokens, other] = [
        await mint({ accessTokenType, scopes: ["a"] }),
        await mint({ accessTokenType, scopes: ["a"] }),
      ];
      await revoke(tokens.accessToken);
      expect(await isActive(tokens.accessToken)).toBe(false);
      expect(await isActive(other.accessToken)).toBe(true);
    });
  });

  it.each(["access_token", "refresh_token", "nonsense"])(
    "finds a token whatever the hint %s says",
    async (tokenTypeHint) => {
      const [one, two] = [await mint(), await mint()];
      await revoke(one.accessToken, { tokenTypeHint });
      await revoke(two.refreshToken, { tokenTypeHint });
      expect([await states(one), await states(two)]).toEqual([DEAD, DEAD]);
    },
  );

  it.each(["Subject", "SUBJECT", " subject"])(
    "is refused for the hint %j, which would revoke nothing",
    async (hint) => {
      expect(await refusalOf(revoke("someone", { tokenTypeHint: hint }))).toEqual({
        code: "invalid_request",
        message: "token_type_hint must be subject, in lower case, to revoke a subject.",
      });
    },
  );

  it("is harmless when it is repeated", async () => {
    const tokens = await mint();
    for (let i = 0; i < 2; i++) {
      await revoke(tokens.refreshToken);
      await revoke(tokens.accessToken);
      await revoke("someone", { tokenTypeHint: "subject" });
    }
    expect(await states(tokens)).toEqual(DEAD);
  });

  it("answers alike for what it does not know, and touches nothing of another client", async () => {
    const tokens = await mint();
    for (const token of ["x", "a.b.c", "A".repeat(43), tokens.idToken ?? "none"]) await revoke(token);
    await revoke(tokens.accessToken, {}, "sibling");
    await revoke(tokens.refreshToken, { revokeAllSubjects: true }, "sibling");
    await revoke(tokens.accessToken, {}, "stranger");
    expect(await states(tokens)).toEqual(ALIVE);
  });

  it("keeps a token's revocation for as long as the token could live, and no longer", async () => {
    const { accessToken } = await mint({ scopes: ["a"], accessTokenLifetime: 60 });
    await revoke(accessToken);
    expect(await store.sweep(context.clock.now() + 59_000, 10)).toBe(0);
    expect(await store.sweep(context.clock.now() + 60_001, 10)).toBe(1);
  });

  describe("of a subject", () => {
    it("ends everything of it for the calling client, and what is minted next lives", async () => {
      const before = await Promise.all([mint(), mint({ accessTokenType: "reference" })]);
      const plain = await mint({ scopes: ["a"] });
      const others = [await mint({ subject: "someone else" })];
      const sibling = await mint({}, "sibling");
      await revoke("someone", { tokenTypeHint: "subject" });
      for (const tokens of before) expect(await states(tokens)).toEqual(DEAD);
      expect(await isActive(plain.accessToken)).toBe(false);
      for (const tokens of [...others, await mint()]) expect(await states(tokens)).toEqual(ALIVE);
      expect(await states(sibling, "sibling")).toEqual(ALIVE);
    });

    it("for all clients of the namespace ends their tokens too, and no stranger's", async () => {
      const [own, sibling, stranger] = [await mint(), await mint({}, "sibling"), await mint({}, "stranger")];
      await revoke("someone", { tokenTypeHint: "subject", revokeAllSubjects: true });
      expect(await states(own)).toEqual(DEAD);
      expect(await states(sibling, "sibling")).toEqual(DEAD);
      expect(await states(stranger, "stranger")).toEqual(ALIVE);
    });

    it("for all of a client without a namespace reaches that client alone", async () => {
      const [own, stranger] = [await mint(), await mint({}, "stranger")];
      await revoke("someone", { tokenTypeHint: "subject", revokeAllSubjects: true }, "stranger");
      expect(await states(own)).toEqual(ALIVE);
      expect(await states(stranger, "stranger")).toEqual(DEAD);
    });

    it.each(["accessToken", "refreshToken"] as const)("is reached by a live %s of the caller's own", async (kind) => {
      const [own, other, sibling] = [await mint(), await mint(), await mint({}, "sibling")];
      await revoke(own[kind], { revokeAllSubjects: true });
      for (const tokens of [own, other]) expect(await states(tokens)).toEqual(DEAD);
      expect(await states(sibling, "sibling")).toEqual(DEAD);
    });

    it("is refused if the client may not mint for it, by name or by a token", async () => {
      const other = testClient({ id: "wide", namespace: "group" });
      const tenant = testTenant({}, [testClient({ namespace: "group", allowedSubjects: ["user-*"] }), other]);
      const before = await mint({ subject: "root" });
      context = await testContext(tenant, store);
      const refused = { code: "invalid_request", message: "The subject is not allowed for this client." };
      for (const revokeAllSubjects of [false, true]) {
        expect(await refusalOf(revoke("root", { tokenTypeHint: "subject", revokeAllSubjects }))).toEqual(refused);
      }
      expect(await refusalOf(revoke(before.accessToken, { revokeAllSubjects: true }))).toEqual(refused);
      expect(await refusalOf(revoke(before.refreshToken, { revokeAllSubjects: true }))).toEqual(refused);
      expect(await isActive(before.accessToken)).toBe(true);
      await revoke("user-1", { tokenTypeHint: "subject" });
      const long = "user-".padEnd(tenant.limits.subjectLength + 1, "x");
      expect(await refusalOf(revoke(long, { tokenTypeHint: "subject" }))).toEqual({
        code: "invalid_request",
        message: `The subject is too long: at most ${tenant.limits.subjectLength} characters.`,
      });
    });

    it("is not reached by a token that is dead already, or is the subject's name alone", async () => {
      const [own, other] = [await mint({ accessTokenLifetime: 60 }), await mint()];
      context.clock.advance(60_000);
      await revoke(own.accessToken, { revokeAllSubjects: true });
      await revoke(own.refreshToken, { revokeAllSubjects: true });
      await revoke("someone", { revokeAllSubjects: true });
      await revoke("someone");
      expect(await states(other)).toEqual(ALIVE);
    });

    it("needs a proven secret; a token does not", async () => {
      const tokens = await mint({}, "open");
      const refused = { code: "invalid_client", message: "A client needs its secret to revoke a subject." };
      expect(await refusalOf(revoke("someone", { tokenTypeHint: "subject" }, "open"))).toEqual(refused);
      expect(await refusalOf(revoke(tokens.accessToken, { revokeAllSubjects: true }, "open"))).toEqual(refused);
      await revoke(tokens.refreshToken, {}, "open");
      expect(await refusalOf(context.engine.refresh(as("open"), { refreshToken: tokens.refreshToken }))).toMatchObject({
        code: "invalid_grant",
      });
    });

    it("costs a fixed number of rows, whatever the number of tokens", async () => {
      for (let i = 0; i < 10; i++) await mint();
      store.calls.length = 0;
      await revoke("someone", { tokenTypeHint: "subject", revokeAllSubjects: true });
      expect(store.calls.filter((call) => call === "revocations.raise")).toHaveLength(2);
    });

    it("outlives every token that it kills, though lifetimes are lowered meanwhile", async () => {
      const first = await mint();
      const lowered = await testContext(
        testTenant({}, [
          testClient({ absoluteRefreshTokenLifetime: 60, slidingRefreshTokenLifetime: 60, accessTokenLifetime: 60 }),
        ]),
        store,
      );
      await lowered.engine.revoke(as(CLIENT_ID), { token: "someone", tokenTypeHint: "subject" });
      await store.sweep(context.clock.now() + 30 * 86_400_000, 1000);
      expect(await isActive(first.accessToken)).toBe(false);
    });
  });

  it("is refused without a token", async () => {
    expect(await refusalOf(revoke(undefined))).toEqual({ code: "invalid_request", message: "token is required." });
  });

  it("of a grant's access token writes no row of its own: it is dead with its grant", async () => {
    const { accessToken } = await mint();
    store.calls.length = 0;
    await revoke(accessToken);
    expect(store.calls).toContain("families.revoke");
    expect(store.calls).not.toContain("revocations.raise");
  });

  it.each([
    ["revocations.raise", "a"],
    ["families.revoke", "offline_access"],
  ])("does not claim what the store did not confirm: %s", async (operation, scope) => {
    const tokens = await mint({ scopes: [scope] });
    for (const failure of ["refused", "lost"] as const) {
      store.failNext(operation, failure);
      expect(await refusalOf(revoke(tokens.accessToken))).toMatchObject({ code: "temporarily_unavailable" });
    }
    await revoke(tokens.accessToken);
    expect(await isActive(tokens.accessToken)).toBe(false);
  });

  it("is told to the log, without the token or the subject", async () => {
    const tokens = await mint();
    await revoke(tokens.accessToken, { revokeAllSubjects: true });
    expect(context.logger.lines.at(-1)).toMatchObject({
      level: "info",
      fields: { event: "revoked", what: "subject", wholeNamespace: true, client: CLIENT_ID, tenant: "default" },
    });
    for (const secret of [tokens.accessToken, tokens.refreshToken ?? "", "someone"])
      expect(context.logger.text()).not.toContain(secret);
  });
});
