import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAuthorities } from "../../src/authorities/index.ts";
import { AuthorityUnavailableError } from "../../src/authorities/port.ts";
import type { JsonValue } from "../../src/base/json.ts";
import type { MintRequest } from "../../src/engine/request.ts";
import type { Authority, Client } from "../../src/registry/tenant.ts";
import { type AssertionKey, assertionKey, type Changes } from "../support/assertions.ts";
import { type FakeClock, fakeClock } from "../support/clock.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { type FailingStore, failingStore } from "../support/failing-store.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ISSUER = "https://mint.example";
const STAFF = "https://staff.example";
const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };

let key: AssertionKey;
let other: AssertionKey;
beforeAll(async () => {
  key = await assertionKey("ES256", { kid: "k" });
  other = await assertionKey("ES256", { kid: "k" });
});

let clock: FakeClock;
let store: FailingStore;
let documents: Record<string, JsonValue>;
let serial = 0;
beforeEach(() => {
  clock = fakeClock();
  store = failingStore(createMemoryStore());
  documents = {
    [`${STAFF}/.well-known/openid-configuration`]: { issuer: STAFF, jwks_uri: `${STAFF}/keys` },
    [`${STAFF}/keys`]: { keys: [key.publicJwk] },
  };
});

function authority(members: Partial<Authority> = {}): Authority {
  return { issuer: STAFF, audiences: ["app"], subjectPrefix: "staff.", amr: ["pwd"], assertions: "once", ...members };
}

function mintWith(
  authorities: Record<string, Authority> = { staff: authority() },
  client: Partial<Client> = {},
): Promise<TestContext> {
  const fetch = async (url: string) => {
    const document = documents[url];
    if (document === undefined) throw new AuthorityUnavailableError("It is away.");
    return document;
  };
  const tenant = testTenant({ authorities: new Map(Object.entries(authorities)) }, [
    testClient(client),
    testClient({ id: "staff.job" }),
  ]);
  return testContext(tenant, store, createAuthorities({ clock, emit: () => undefined, fetch }), clock);
}

function assertion(changes: Changes = {}, by = key, header: Changes = {}): Promise<string> {
  const now = Math.floor(clock.now() / 1000);
  serial += 1;
  const claims = { iss: STAFF, sub: "joe", aud: ISSUER, jti: `jti-${serial}`, iat: now, exp: now + 300, ...changes };
  return by.sign(claims, { kid: "k", ...header });
}

const mint = async ({ engine }: TestContext, given: string, request: MintRequest = {}) =>
  engine.mint(credentials, { grantType: GRANT, assertion: given, ...request });
const refusal = async (context: TestContext, given: string, request: MintRequest = {}) =>
  refusalOf(mint(context, given, request));

describe("jwt-bearer", () => {
  it("mints for the subject of the assertion, with the authority's prefix and amr, and with nothing else of it", async () => {
    const context = await mintWith();
    const given = await assertion({ role: "admin", scope: "all" });
    const answer = await mint(context, given, { scopes: ["nitro"], accessTokenLifetime: 60 });
    expect(answer).toMatchObject({ expiresIn: 60, scopes: ["nitro"], refreshToken: undefined, idToken: undefined });
    const claims = claimsOf(answer.accessToken);
    expect(claims).toMatchObject({
      sub: "staff.joe",
      client_id: CLIENT_ID,
      idp: "local",
      amr: [GRANT, "pwd"],
      scope: ["nitro"],
      aud: [`${ISSUER}/resources`, "nitro"],
    });
    expect(claims).not.toHaveProperty("role");
    expect(JSON.stringify(context.logger.lines)).not.toContain(given.split(".")[2]);
  });

  it("takes an assertion once, by whatever client and for whatever it is presented again", async () => {
    const context = await mintWith();
    const given = await assertion();
    await mint(context, given);
    const used = { code: "invalid_grant", message: "The assertion was used before." };
    expect(await refusal(context, given, { scopes: ["nitro"] })).toEqual(used);
    const tries = await assertion();
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => mint(context, tries)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("keeps what was used until it has ended everywhere", async () => {
    const context = await mintWith();
    const given = await assertion();
    await mint(context, given);
    clock.advance(359_000);
    await store.sweep(clock.now(), 10);
    expect((await refusal(context, given)).message).toBe("The assertion was used before.");
    clock.advance(1000);
    expect((await refusal(context, given)).message).toBe("The assertion has expired.");
  });

  it("leaves an assertion as it is if the request is refused for something else", async () => {
    const context = await mintWith(undefined, { scopes: new Set(["read"]) });
    const given = await assertion();
    expect((await refusal(context, given, { scopes: ["write"] })).code).toBe("invalid_scope");
    expect(await mint(context, given, { scopes: ["read"] })).toBeDefined();
  });

  it("takes none if the store cannot say whether it was used", async () => {
    const context = await mintWith();
    store.failNext("tallies.add", "lost");
    expect((await refusal(context, await assertion())).code).toBe("temporarily_unavailable");
  });

  it("takes one without jti again and again, only from an authority of which that is so", async () => {
    const [once, reusable] = [await mintWith(), await mintWith({ staff: authority({ assertions: "reusable" }) })];
    const given = await assertion({ jti: undefined });
    expect(await refusal(once, given)).toEqual({ code: "invalid_grant", message: "The assertion has no jti." });
    await mint(reusable, given);
    await mint(reusable, given);
    const single = await assertion();
    await mint(reusable, single);
    expect((await refusal(reusable, single)).message).toBe("The assertion was used before.");
  });

  it.each<Authority["assertions"]>([undefined, "none"])(
    "takes none of an authority with assertions: %s",
    async (assertions) => {
      const context = await mintWith({ staff: authority({ assertions }) });
      expect(await refusal(context, await assertion())).toEqual({
        code: "invalid_grant",
        message: "The assertion was not issued by an authority whose assertions are accepted.",
      });
    },
  );

  it.each(["JWT", "authorization-grant+jwt", "application/authorization-grant+jwt"])(
    "takes the typ %s",
    async (typ) => {
      const context = await mintWith();
      expect(await mint(context, await assertion({}, key, { typ }))).toBeDefined();
    },
  );

  it("asks which authority is meant if several have the issuer", async () => {
    const context = await mintWith({ staff: authority(), guests: authority({ subjectPrefix: "guest." }) });
    expect((await refusal(context, await assertion())).message).toContain("authority must name one");
    expect(claimsOf((await mint(context, await assertion(), { authority: "guests" })).accessToken).sub).toBe(
      "guest.joe",
    );
    expect((await refusal(context, await assertion(), { authority: "nobody" })).code).toBe("invalid_grant");
  });

  const later = (seconds: number) => Math.floor(fakeClock().now() / 1000) + seconds;
  it.each<[Changes, string]>([
    [{ iss: "https://evil.example" }, "was not issued by an authority"],
    [{ iss: undefined }, "was not issued by an authority"],
    [{ aud: "app" }, "is for another audience"],
    [{ aud: [ISSUER, "app"] }, "is for another audience"],
    [{ client_id: CLIENT_ID }, "has the claim 'client_id'"],
    [{ exp: undefined }, "has no exp"],
    [{ exp: later(-60) }, "has expired"],
    [{ exp: later(3661) }, "expires more than an hour ahead"],
    [{ nbf: later(61) }, "is not valid yet"],
    [{ sub: undefined }, "has no subject"],
    [{ sub: "" }, "has no subject"],
    [{ sub: "joe\u0000" }, "has a subject with control characters"],
    [{ sub: "x".repeat(250) }, "has a subject that is too long"],
    [{ jti: "" }, "has no jti"],
    [{ jti: 1 }, "has no jti"],
  ])("refuses %j", async (changes, why) => {
    const { code, message } = await refusal(await mintWith(), await assertion(changes));
    expect(code).toBe("invalid_grant");
    expect(message).toContain(`The assertion ${why}`);
    expect(store.calls).not.toContain("tallies.add");
  });

  it.each(["iss", "sub", "aud", "exp", "jti", "nbf"])("refuses one whose %s is anything else", async (name) => {
    const context = await mintWith();
    for (const value of [null, true, [], {}, [[]], ""])
      expect((await refusal(context, await assertion({ [name]: value }))).code).toBe("invalid_grant");
    expect(store.calls).not.toContain("tallies.add");
  });

  it("refuses one that another signed, without marking it as used", async () => {
    const context = await mintWith();
    const changes = { jti: "the same" };
    expect((await refusal(context, await assertion(changes, other))).message).toBe(
      "The assertion has a signature that does not verify.",
    );
    expect(await mint(context, await assertion(changes))).toBeDefined();
  });

  it("gives nobody the id of a client that gets tokens for itself", async () => {
    expect(await refusal(await mintWith(), await assertion({ sub: "job" }))).toEqual({
      code: "invalid_request",
      message: expect.stringMatching(/^The subject of assertion must not be the id of a client/),
    });
  });

  it("asks the caller to try again if the authority is unavailable", async () => {
    documents = {};
    expect((await refusal(await mintWith(), await assertion())).code).toBe("temporarily_unavailable");
  });

  it("is only for clients that name it", async () => {
    const context = await mintWith(undefined, { grants: new Set(["arbitrary_identity"]) });
    expect((await refusal(context, await assertion())).code).toBe("unauthorized_client");
  });

  it.each<MintRequest>([{ subject: "me" }, { arbitraryClaims: {} }, { idToken: "x" }])("takes no %j", async (more) => {
    expect((await refusal(await mintWith(), await assertion(), more)).code).toBe("invalid_request");
  });
});
