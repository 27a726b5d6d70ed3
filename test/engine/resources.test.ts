import { beforeEach, describe, expect, it } from "vitest";
import type { MintRequest, RefreshRequest, TokenSet } from "../../src/engine/request.ts";
import type { Client } from "../../src/registry/tenant.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
const CALENDAR = "https://calendar.example/api";
const CONTACTS = "https://contacts.example";
const FILES = "urn:example:files";
const resources = new Map([
  [CALENDAR, ["calendar.read", "calendar.write"]],
  [CONTACTS, ["contacts.read"]],
]);

let store: ReturnType<typeof createMemoryStore>;
beforeEach(() => {
  store = createMemoryStore();
});

const contextOf = (client: Partial<Client> = {}) => testContext(testTenant({ resources }, [testClient(client)]), store);

async function mint(request: MintRequest, client: Partial<Client> = {}, context?: TestContext) {
  const { engine } = context ?? (await contextOf(client));
  return engine.mint(credentials, { grantType: "arbitrary_identity", subject: "someone", scopes: ["x"], ...request });
}

const audienceIn = ({ accessToken }: TokenSet) => claimsOf(accessToken).aud;

describe("resource at a mint", () => {
  it("is the audience, instead of those that scopes give", async () => {
    const scopes = ["calendar.read", "openid", "x"];
    expect(audienceIn(await mint({ scopes }))).toEqual(["https://mint.example/resources", CALENDAR, "x"]);
    const tokens = await mint({ scopes, resources: [CALENDAR, CONTACTS, CALENDAR] });
    expect(audienceIn(tokens)).toEqual([CALENDAR, CONTACTS]);
    expect(tokens.scopes).toEqual(scopes);
    // An id_token is for the client, whatever the access token is for.
    expect(claimsOf(tokens.idToken).aud).toEqual([CLIENT_ID]);
  });

  it("stands before the audiences that the caller adds by name", async () => {
    const tokens = await mint({ resources: [CALENDAR], arbitraryAudiences: ["cat", CALENDAR] });
    expect(audienceIn(tokens)).toEqual([CALENDAR, "cat"]);
  });

  it("may be the tenant's own resources", async () => {
    const own = "https://mint.example/resources";
    for (const allowedAudiences of [undefined, []])
      expect(audienceIn(await mint({ resources: [own] }, { allowedAudiences }))).toEqual([own]);
  });

  it.each([
    "a",
    "/api",
    "//api.example",
    "https://",
    "https://api.example/#",
    "https://api.example/ x",
    "https://é.example",
    "https://api.example/%4",
  ])("is refused if it is not an absolute URI without a fragment: %s", async (resource) => {
    expect(await refusalOf(mint({ resources: [CALENDAR, resource] }, { allowedAudiences: ["*"] }))).toEqual({
      code: "invalid_target",
      message: `The resource '${resource.replace("é", "?")}' must be an absolute URI without a fragment.`,
    });
  });

  it("is one that the tenant has, unless allowedAudiences says otherwise", async () => {
    const refusal = { code: "invalid_target", message: `The resource '${FILES}' is not allowed for this client.` };
    expect(await refusalOf(mint({ resources: [FILES] }))).toEqual(refusal);
    expect(await refusalOf(mint({ resources: [FILES] }, { allowedAudiences: [CALENDAR] }))).toEqual(refusal);
    expect(audienceIn(await mint({ resources: [FILES] }, { allowedAudiences: ["urn:example:*"] }))).toEqual([FILES]);
    expect(await refusalOf(mint({ resources: [CALENDAR] }, { allowedAudiences: ["urn:example:*"] }))).toMatchObject({
      code: "invalid_target",
    });
  });

  it("is refused with a scope of another resource", async () => {
    const request = { resources: [CALENDAR], scopes: ["calendar.read", "contacts.read"] };
    expect(await refusalOf(mint(request))).toEqual({
      code: "invalid_scope",
      message: "The scope 'contacts.read' belongs to none of the requested resources.",
    });
    expect((await mint({ ...request, arbitraryAudiences: [CONTACTS] })).scopes).toEqual(request.scopes);
  });

  it("leaves out default scopes of other resources", async () => {
    const client = { defaultScopes: ["calendar.read", "contacts.read", "x"] };
    const request = { grantType: "client_credentials", subject: undefined, scopes: undefined };
    const tokens = await mint({ ...request, resources: [CALENDAR] }, client);
    expect(tokens.scopes).toEqual(["calendar.read", "x"]);
    expect(claimsOf(tokens.accessToken)).toMatchObject({ aud: [CALENDAR], scope: ["calendar.read", "x"] });
  });

  it("is no parameter of a grant whose caller says aud", async () => {
    const request = { grantType: "arbitrary_token", issuer: "https://mint.example", scopes: undefined };
    expect(await refusalOf(mint({ ...request, resources: [CALENDAR] }))).toEqual({
      code: "invalid_request",
      message: "resource is not a parameter of arbitrary_token.",
    });
  });

  it("counts towards the size of a request", async () => {
    const resource = `${CALENDAR}/${"x".repeat(16_384)}`;
    expect(await refusalOf(mint({ resources: [resource] }, { allowedAudiences: ["*"] }))).toEqual({
      code: "invalid_request",
      message: "The claims are too large: at most 16384 bytes of JSON in all.",
    });
  });
});

describe("resource at a refresh", () => {
  let context: TestContext;
  let tokens: TokenSet;
  beforeEach(async () => {
    context = await contextOf();
    const scopes = ["calendar.read", "contacts.read", "x", "offline_access"];
    tokens = await mint({ scopes, resources: [CALENDAR, CONTACTS], arbitraryAudiences: ["cat"] }, {}, context);
  });
  const refresh = (request: RefreshRequest) =>
    context.engine.refresh(credentials, { refreshToken: tokens.refreshToken, ...request });

  it("narrows the audience and the scopes of that access token alone", async () => {
    const narrow = await refresh({ resources: [CONTACTS] });
    expect(claimsOf(narrow.accessToken)).toMatchObject({
      aud: [CONTACTS],
      scope: ["contacts.read", "offline_access", "x"],
    });
    expect(narrow.scopes).toEqual(["contacts.read", "offline_access", "x"]);
    const whole = await refresh({ refreshToken: narrow.refreshToken });
    expect(audienceIn(whole)).toEqual([CALENDAR, CONTACTS, "cat"]);
  });

  it("may name an audience that a scope gave", async () => {
    tokens = await mint({ scopes: ["calendar.read", "contacts.read", "offline_access"] }, {}, context);
    expect(claimsOf((await refresh({ resources: [CALENDAR] })).accessToken)).toMatchObject({
      aud: [CALENDAR],
      scope: ["calendar.read", "offline_access"],
    });
  });

  it.each([
    ["not granted", { resources: [FILES] }, "invalid_target", `The resource '${FILES}' was not granted.`],
    [
      "malformed, even if it was granted as an audience",
      { resources: ["cat"] },
      "invalid_target",
      "The resource 'cat' must be an absolute URI without a fragment.",
    ],
    [
      "not the resource of a scope",
      { resources: [CONTACTS], scopes: ["calendar.read"] },
      "invalid_scope",
      "The scope 'calendar.read' belongs to none of the requested resources.",
    ],
  ])("that is %s is refused before the refresh token is used", async (_, request, code, message) => {
    const { family } = claimsFamily(tokens);
    const before = await context.store.families.find(family);
    expect(await refusalOf(refresh(request))).toEqual({ code, message });
    expect(await context.store.families.find(family)).toEqual(before);
    expect(audienceIn(await refresh({}))).toEqual([CALENDAR, CONTACTS, "cat"]);
  });
});

function claimsFamily({ accessToken }: TokenSet): { family: string } {
  return { family: String(claimsOf(accessToken).jti).split(".")[1] ?? "" };
}
