import { beforeEach, describe, expect, it } from "vitest";
import type { ListGrantsRequest } from "../../../src/engine/request.ts";
import type { FamilyRecord } from "../../../src/store/port.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { refusalOf } from "../../support/refusal.ts";
import { CLIENT_ID, fileOf, OPERATOR_ID, SECRET, testClient, testTenant } from "../../support/tenant.ts";

const operator = { authorization: `Basic ${btoa(`${OPERATOR_ID}:${SECRET}`)}` };
const client = { clientId: CLIENT_ID, clientSecret: SECRET };
const OTHER = { clientId: "other", clientSecret: SECRET };

const tenant = testTenant({}, [testClient(), testClient({ id: OTHER.clientId })]);

let context: TestContext;
beforeEach(async () => {
  context = await testContext(tenant);
});

const mint = (subject: string, credentials = client) =>
  context.engine.mint(credentials, { grantType: "arbitrary_identity", subject, scopes: ["offline_access", "read"] });

const list = (request: ListGrantsRequest) => context.engine.listGrants(operator, request);
const isActive = async (token: string) => (await context.engine.introspect(client, { token })).active;
const theGrant = async (subject = "someone") => (await list({ subject })).grants[0]?.id;

describe("an operator", () => {
  it("lists the grants of a subject or a client, the last minted first", async () => {
    await mint("someone");
    context.clock.advance(1);
    await mint("someone", OTHER);
    await mint("another");
    await context.engine.mint(client, { grantType: "arbitrary_identity", subject: "someone", scopes: ["read"] });
    const { grants, nextPageToken } = await list({ subject: "someone" });
    expect(nextPageToken).toBeUndefined();
    const common = { subject: "someone", scopes: ["offline_access", "read"], state: "active", refreshedAt: undefined };
    expect(grants).toMatchObject([
      { ...common, client: "other" },
      { ...common, client: CLIENT_ID },
    ]);
    expect((await list({ client: CLIENT_ID })).grants.map(({ subject }) => subject)).toEqual(["another", "someone"]);
    expect((await list({ client: "other", subject: "another" })).grants).toEqual([]);
  });

  it("lists them in pages", async () => {
    for (let i = 0; i < 5; i++) await mint("someone");
    const ids: string[] = [];
    let pageToken: string | undefined;
    do {
      const page = await list({ subject: "someone", pageSize: 2, pageToken });
      ids.push(...page.grants.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    expect(new Set(ids).size).toBe(5);
    expect(ids).toEqual((await list({ subject: "someone" })).grants.map(({ id }) => id));
  });

  it("sees when a grant was refreshed, that it has expired, and never a token", async () => {
    const { refreshToken } = await mint("someone");
    const mintedAt = context.clock.now();
    context.clock.advance(60_000);
    const refreshed = await context.engine.refresh(client, { refreshToken });
    const before = await list({ subject: "someone" });
    expect(before.grants).toMatchObject([{ mintedAt, refreshedAt: mintedAt + 60_000, state: "active" }]);
    expect(JSON.stringify(before)).not.toContain(refreshed.refreshToken?.split(".").at(-1));
    context.clock.advance(40 * 86_400_000);
    expect((await list({ subject: "someone" })).grants).toMatchObject([{ state: "expired" }]);
  });

  it("sees what was revoked, and by what", async () => {
    await mint("someone");
    await mint("another");
    context.clock.advance(1);
    await context.engine.revoke(client, { token: "someone", tokenTypeHint: "subject" });
    expect((await list({ subject: "someone" })).grants).toMatchObject([{ state: "revoked", revokedAt: undefined }]);
    context.clock.advance(1);
    await context.engine.revokeClient(operator, { client: CLIENT_ID });
    expect((await list({ subject: "another" })).grants).toMatchObject([{ state: "revoked" }]);
    context.clock.advance(10_000);
    await mint("another");
    expect((await list({ subject: "another" })).grants.map(({ state }) => state)).toEqual(["active", "revoked"]);
  });

  it("sees that a client is disabled", async () => {
    await mint("someone");
    const disabled = testTenant({}, [testClient({ enabled: false })]);
    await context.node.reconfigure(fileOf(disabled));
    expect((await list({ subject: "someone" })).grants).toMatchObject([{ state: "suspended" }]);
  });

  it("sees no row that the mint did not write, and says what it cannot read", async () => {
    await mint("someone");
    const id = await theGrant();
    const row = (await context.store.families.find(`${id}`)) as FamilyRecord;
    const forged = context.wholeStore.forTenant("default").families;
    await forged.create({ ...row, id: "forged", decision: row.decision.replace("read", "write") });
    expect((await list({ subject: "someone" })).grants.map((grant) => grant.id)).toEqual([id]);
    expect(context.logger.lines.map(({ fields }) => fields)).toContainEqual(
      expect.objectContaining({ event: "rows_not_genuine" }),
    );
  });

  it("revokes a grant with all its tokens, and only that one", async () => {
    const [one, other] = [await mint("someone"), await mint("another")];
    const grant = await theGrant();
    const revokedAt = context.clock.now();
    expect(await context.engine.revokeGrant(operator, { grant })).toMatchObject({ state: "revoked", revokedAt });
    expect(await isActive(one.accessToken)).toBe(false);
    expect(await refusalOf(context.engine.refresh(client, { refreshToken: one.refreshToken }))).toMatchObject({
      code: "invalid_grant",
    });
    expect(await isActive(other.accessToken)).toBe(true);
    context.clock.advance(5);
    // The first revocation stays.
    expect(await context.engine.revokeGrant(operator, { grant })).toMatchObject({ revokedAt });
    expect(context.logger.lines.map(({ fields }) => fields)).toContainEqual(
      expect.objectContaining({ event: "revoked", what: "grant", operator: OPERATOR_ID, family: grant }),
    );
  });

  it.each<[ListGrantsRequest, string]>([
    [{}, "subject or client is required."],
    [{ subject: "a", pageSize: 0 }, "page_size must be a whole number of 1 or more."],
    [{ subject: "a", pageSize: -1 }, "page_size must be a whole number of 1 or more."],
    [{ subject: "a", pageSize: 1.5 }, "page_size must be a whole number of 1 or more."],
    ...["x", "e30", btoa("[1]"), btoa('[1e999,"a"]'), btoa('[1.5,"a"]'), btoa('["1","a"]')].map(
      (pageToken): [ListGrantsRequest, string] => [
        { subject: "a", pageToken },
        "page_token must be one that an earlier page ended with.",
      ],
    ),
  ])("is refused the list %j", async (request, message) => {
    expect(await refusalOf(list(request))).toEqual({ code: "invalid_request", message });
  });

  it.each([undefined, "nothing", "x".repeat(100_000), ""])(
    "is refused the end of a grant that is none",
    async (grant) => {
      const message = grant === undefined ? "grant is required." : "There is no such grant.";
      expect(await refusalOf(context.engine.revokeGrant(operator, { grant }))).toEqual({
        code: "invalid_request",
        message,
      });
    },
  );
});
