import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAuthorities } from "../../../src/authorities/index.ts";
import { AuthorityUnavailableError } from "../../../src/authorities/port.ts";
import type { JsonValue } from "../../../src/base/json.ts";
import type { Caller } from "../../../src/engine/request.ts";
import type { Client, Tenant } from "../../../src/registry/tenant.ts";
import type { Store } from "../../../src/store/port.ts";
import type { Event } from "../../../src/telemetry/events.ts";
import { type AssertionKey, asserted, assertionKey, type Changes } from "../../support/assertions.ts";
import { type FakeClock, fakeClock } from "../../support/clock.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { type FailingStore, failingStore } from "../../support/failing-store.ts";
import { createMemoryStore } from "../../support/memory-store.ts";
import { refusalOf } from "../../support/refusal.ts";
import { stores } from "../../support/stores.ts";
import { CLIENT_ID, NO_RATE_LIMITS, SECRET, testClient, testTenant } from "../../support/tenant.ts";

const REFUSED = {
  code: "invalid_client",
  message: "The client is unknown, or its client_assertion is missing or wrong.",
};
const ISSUER = "https://mint.example";
const JWKS_URI = "https://client.example/jwks";

let key: AssertionKey;
let other: AssertionKey;
beforeAll(async () => {
  key = await assertionKey();
  other = await assertionKey();
});

let clock: FakeClock;
let heard: Event[];
let store: FailingStore;
/** What the URL of a client's keys answers. */
let served: () => Promise<JsonValue>;
let fetches: number;
let serial = 0;
beforeEach(() => {
  clock = fakeClock();
  heard = [];
  store = failingStore(createMemoryStore());
  fetches = 0;
  served = async () => ({ keys: [key.publicJwk] });
});

/** A mint with one client that has keys and no secret, unless told otherwise. */
function mintWith(client: Partial<Client> = {}, tenant: Partial<Tenant> = {}, on: Store = store): Promise<TestContext> {
  const keyed = testClient({ secrets: [], keys: { jwks: [key.publicJwk] }, ...client });
  const fetch = async () => {
    fetches += 1;
    return served();
  };
  const authorities = createAuthorities({ clock, emit: () => undefined, fetch });
  return testContext(testTenant(tenant, [keyed]), on, authorities, clock, { heard: (event) => heard.push(event) });
}

function claims(changes: Changes = {}): Changes {
  const now = Math.floor(clock.now() / 1000);
  serial += 1;
  return { iss: CLIENT_ID, sub: CLIENT_ID, aud: ISSUER, jti: `jti-${serial}`, iat: now, exp: now + 60, ...changes };
}

const mint = ({ engine }: TestContext, caller: Caller) => engine.mint(caller, { grantType: "client_credentials" });
const reasons = () => heard.flatMap((event) => ("because" in event ? [event.because] : []));

describe("private_key_jwt", () => {
  it("proves who a client is in every operation", async () => {
    const context = await mintWith();
    const caller = async () => asserted(await key.sign(claims()));
    const request = { grantType: "arbitrary_identity", subject: "someone", scopes: ["offline_access"] };
    const { accessToken, refreshToken = "" } = await context.engine.mint(await caller(), request);
    expect(await context.engine.introspect(await caller(), { token: accessToken })).toMatchObject({ active: true });
    expect(await context.engine.refresh(await caller(), { refreshToken })).toMatchObject({ tokenType: "Bearer" });
    await context.engine.revoke(await caller(), { token: accessToken });
    expect(heard.filter((event) => "duration" in event)).toHaveLength(4);
    for (const event of heard.filter((event) => "duration" in event))
      expect(event).toMatchObject({ client: CLIENT_ID, authentication: "private_key_jwt" });
  });

  it.each<[string, Changes, Changes?]>([
    ["an array of one audience", { aud: [ISSUER] }],
    ["no iat", { iat: undefined }],
    ["the header's typ JWT", {}, { typ: "JWT" }],
    ["the typ of draft-ietf-oauth-rfc7523bis", {}, { typ: "client-authentication+jwt" }],
    ["the typ in full", {}, { typ: "application/client-authentication+jwt" }],
    ["a kid that the key has not", {}, { kid: undefined }],
  ])("takes %s", async (_, changes, header) => {
    const context = await mintWith();
    expect(await mint(context, asserted(await key.sign(claims(changes), header)))).toMatchObject({
      expiresIn: 2_592_000,
    });
  });

  it.each(["RS256", "PS384", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"])("takes the algorithm %s", async (alg) => {
    const own = await assertionKey(alg, { alg });
    const context = await mintWith({ keys: { jwks: [own.publicJwk] } });
    expect(await mint(context, asserted(await own.sign(claims())))).toMatchObject({ tokenType: "Bearer" });
  });

  it("takes client_id beside it if it is the same", async () => {
    const context = await mintWith();
    const caller = async (clientId: string) => ({ ...asserted(await key.sign(claims())), clientId });
    expect(await mint(context, await caller(CLIENT_ID))).toMatchObject({ tokenType: "Bearer" });
    expect(await refusalOf(mint(context, await caller("other")))).toEqual(REFUSED);
    expect(reasons()).toEqual(["client_assertion: names another client"]);
  });

  it("takes each of several keys by its kid, and none without", async () => {
    const keys = {
      jwks: [
        { ...key.publicJwk, kid: "old" },
        { ...other.publicJwk, kid: "new" },
      ],
    };
    const context = await mintWith({ keys });
    expect(await mint(context, asserted(await key.sign(claims(), { kid: "old" })))).toBeDefined();
    expect(await mint(context, asserted(await other.sign(claims(), { kid: "new" })))).toBeDefined();
    expect(await refusalOf(mint(context, asserted(await other.sign(claims(), { kid: "old" }))))).toEqual(REFUSED);
    expect(await refusalOf(mint(context, asserted(await other.sign(claims()))))).toEqual(REFUSED);
    expect(reasons()).toEqual(["client_assertion: signature wrong", "client_assertion: key unknown"]);
  });

  it("takes a secret too from a client that has both", async () => {
    const context = await mintWith({ secrets: testClient().secrets });
    expect(await mint(context, { clientId: CLIENT_ID, clientSecret: SECRET })).toBeDefined();
    expect(await mint(context, asserted(await key.sign(claims())))).toBeDefined();
  });

  const endpoint = "https://mint.example/connect/token";
  it("takes the token endpoint as the audience only from a client of before", async () => {
    const [strict, legacy] = [await mintWith(), await mintWith({ legacyAudience: true })];
    const caller = async (aud: JsonValue) => asserted(await key.sign(claims({ aud })));
    expect(await refusalOf(mint(strict, await caller(endpoint)))).toEqual(REFUSED);
    expect(await mint(legacy, await caller(endpoint))).toBeDefined();
    expect(await mint(legacy, await caller(ISSUER))).toBeDefined();
    expect(await refusalOf(mint(legacy, await caller([ISSUER, endpoint])))).toEqual(REFUSED);
  });
});

describe("an assertion that proves nothing", () => {
  const later = (seconds: number) => Math.floor(fakeClock().now() / 1000) + seconds;

  it.each<[string, string, Changes, Changes?]>([
    ["another client's", "another issuer", { iss: "other" }],
    ["an issuer's", "another issuer", { iss: ISSUER }],
    ["one without an issuer", "another issuer", { iss: undefined }],
    ["one of nobody", "client unknown", { iss: "nobody", sub: "nobody" }],
    ["one without a subject", "malformed", { sub: undefined }],
    ["one for another mint", "another audience", { aud: "https://other.example" }],
    ["one for the token endpoint", "another audience", { aud: "https://mint.example/connect/token" }],
    ["one for somebody else too", "another audience", { aud: [ISSUER, "https://other.example"] }],
    ["one for the same audience twice", "another audience", { aud: [ISSUER, ISSUER] }],
    ["one for a longer issuer", "another audience", { aud: `${ISSUER}/` }],
    ["one for nobody", "another audience", { aud: undefined }],
    ["one for an empty list", "another audience", { aud: [] }],
    ["one for an audience in a list in a list", "another audience", { aud: [[ISSUER]] }],
    ["one without an end", "no exp", { exp: undefined }],
    ["one whose end is text", "no exp", { exp: "soon" }],
    ["one that has ended", "expired", { exp: later(-60) }],
    ["one of six minutes and a second", "lives too long", { exp: later(361) }],
    ["one of tomorrow", "not valid yet", { iat: later(61) }],
    ["one that begins tomorrow", "not valid yet", { nbf: later(61) }],
    ["one whose iat is text", "not valid yet", { iat: "now" }],
    ["one without jti", "no jti", { jti: undefined }],
    ["one with an empty jti", "no jti", { jti: "" }],
    ["one with a jti that is no text", "no jti", { jti: 7 }],
    ["one with a critical extension", "critical extensions", {}, { crit: ["b64"], b64: true }],
    ["an access token", "another kind of token", {}, { typ: "at+jwt" }],
    ["one of an unknown key", "key unknown", {}, { kid: "unknown" }],
  ])("is %s", async (_, flaw, changes, header) => {
    const context = await mintWith({ keys: { jwks: [{ ...key.publicJwk, kid: "k" }] } });
    const assertion = await key.sign(claims(changes), { kid: "k", ...header });
    expect(await refusalOf(mint(context, asserted(assertion)))).toEqual(REFUSED);
    expect(reasons()).toEqual([`client_assertion: ${flaw}`]);
    expect(store.calls).not.toContain("tallies.add");
  });

  it.each<[string, string, () => Promise<string>]>([
    ["rubbish", "malformed", async () => "rubbish"],
    ["an endless text", "too long", async () => "x".repeat(8193)],
    ["signed by another", "signature wrong", () => other.sign(claims())],
    ["signed with a padded signature", "malformed", async () => `${await key.sign(claims())}=`],
    ["not signed", "algorithm not accepted", async () => `${encode({ alg: "none" })}.${encode(claims())}.`],
    ["signed with the public key as a secret", "algorithm not accepted", async () => hmac(claims())],
    ["changed", "signature wrong", async () => withClaims(await key.sign(claims()), claims())],
  ])("is one that is %s", async (_, flaw, make) => {
    const context = await mintWith();
    expect(await refusalOf(mint(context, asserted(await make())))).toEqual(REFUSED);
    expect(reasons()).toEqual([`client_assertion: ${flaw}`]);
    expect(store.calls).not.toContain("tallies.add");
  });

  it("is one of a client that has no keys, whatever secret it has", async () => {
    const context = await mintWith({ keys: undefined, secrets: testClient().secrets });
    expect(await refusalOf(mint(context, asserted(await key.sign(claims()))))).toEqual(REFUSED);
    expect(reasons()).toEqual(["client_assertion: client has no keys"]);
  });

  it("is one of an algorithm that the key is not for", async () => {
    const rsa = await assertionKey("RS256", { alg: "PS256" });
    const context = await mintWith({ keys: { jwks: [rsa.publicJwk] } });
    expect(await refusalOf(mint(context, asserted(await rsa.sign(claims()))))).toEqual(REFUSED);
    expect(reasons()).toEqual(["client_assertion: key unknown"]);
  });

  it("is refused even if the client needs none", async () => {
    const context = await mintWith({ requireSecret: false, requireRefreshSecret: false });
    expect(await refusalOf(mint(context, asserted(await other.sign(claims()))))).toEqual(REFUSED);
  });

  it.each(["iss", "sub", "aud", "exp", "jti"])("is one whose %s is anything else", async (name) => {
    const context = await mintWith();
    for (const value of [null, true, 1e308, -1, [], {}, [[]], "", "\u0000"]) {
      if (name === "jti" && value === "\u0000") continue;
      expect(await refusalOf(mint(context, asserted(await key.sign(claims({ [name]: value })))))).toEqual(REFUSED);
    }
    expect(store.calls).not.toContain("tallies.add");
  });

  it("is told of nowhere with what it says", async () => {
    const context = await mintWith();
    const assertion = await other.sign(claims({ jti: "the-jti" }));
    await refusalOf(mint(context, asserted(assertion)));
    const [, payload = "", signature = ""] = assertion.split(".");
    for (const part of ["the-jti", payload, signature]) {
      expect(JSON.stringify(context.logger.lines)).not.toContain(part);
      expect(JSON.stringify(heard)).not.toContain(part);
    }
  });

  it("counts as a wrong secret does", async () => {
    const rateLimits = { ...NO_RATE_LIMITS, failed_authentication_per_client: [{ most: 2, period: 60 }] };
    const context = await mintWith({}, { rateLimits });
    const tries = async (make: () => Promise<string>) => {
      const caller = { ...asserted(await make()), remoteAddress: "192.0.2.1" };
      return (await refusalOf(mint(context, caller))).code;
    };
    expect(await tries(() => other.sign(claims()))).toBe("invalid_client");
    expect(await tries(() => other.sign(claims()))).toBe("invalid_client");
    expect(await tries(() => key.sign(claims()))).toBe("temporarily_unavailable");
    for (const code of ["invalid_client", "invalid_client", "temporarily_unavailable"])
      expect(await tries(async () => "rubbish")).toBe(code);
  });
});

describe("two methods in one request", () => {
  const message = "The client uses two authentication methods at once.";

  it.each<[string, Caller]>([
    ["a secret in the form", { clientId: CLIENT_ID, clientSecret: SECRET }],
    ["a secret without an id", { clientSecret: SECRET }],
    ["a secret in the header", { authorization: `Basic ${btoa(`${CLIENT_ID}:${SECRET}`)}` }],
    ["an id in the header", { authorization: `Basic ${btoa(`${CLIENT_ID}:`)}` }],
  ])("are refused: an assertion and %s", async (_, more) => {
    const context = await mintWith({ secrets: testClient().secrets });
    const caller = { ...asserted(await key.sign(claims())), ...more };
    expect(await refusalOf(mint(context, caller))).toEqual({ code: "invalid_request", message });
  });

  it.each<[Caller, string, string]>([
    [{ clientAssertion: "x" }, "invalid_request", "client_assertion_type is required with client_assertion."],
    [
      { clientAssertionType: asserted("x").clientAssertionType },
      "invalid_request",
      "client_assertion is required with client_assertion_type.",
    ],
    [asserted("x", "saml2-bearer"), "invalid_client", expect.stringMatching(/^client_assertion_type must be urn:/)],
  ])("are not %j, which is incomplete or unknown", async (caller, code, words) => {
    const context = await mintWith();
    expect(await refusalOf(mint(context, caller))).toEqual({ code, message: words });
  });
});

describe("an assertion is used once", () => {
  it("also if it is tried again right away, or with another client's", async () => {
    const context = await mintWith();
    const caller = asserted(await key.sign(claims()));
    await mint(context, caller);
    expect(await refusalOf(mint(context, caller))).toEqual(REFUSED);
    expect(reasons()).toEqual(["client_assertion: used before"]);
  });

  it("and its jti with it, until it has expired and every node knows", async () => {
    const context = await mintWith();
    const first = claims();
    await mint(context, asserted(await key.sign(first)));
    const again = asserted(await key.sign(claims({ jti: first.jti })));
    expect(await refusalOf(mint(context, again))).toEqual(REFUSED);
    clock.advance(120_000);
    await store.sweep(clock.now(), 10);
    expect(await refusalOf(mint(context, asserted(await key.sign(first))))).toEqual(REFUSED);
    expect(reasons().at(-1)).toBe("client_assertion: expired");
    await mint(context, asserted(await key.sign(claims({ jti: first.jti }))));
  });

  it("though another node's clock is ahead by all that it may be, and has deleted what had expired", async () => {
    const skewed = { ...store, maxClockSkew: 5_000 };
    const context = await mintWith({}, {}, skewed);
    const caller = asserted(await key.sign(claims({ exp: Math.floor(clock.now() / 1000) })));
    await mint(context, caller);
    clock.advance(59_000);
    await store.sweep(clock.now() + 5_000, 10);
    expect(await refusalOf(mint(context, caller))).toEqual(REFUSED);
    expect(reasons()).toEqual(["client_assertion: used before"]);
  });

  it("though the store is so slow that what was used is forgotten meanwhile", async () => {
    const context = await mintWith();
    const caller = asserted(await key.sign(claims()));
    await mint(context, caller);
    store.beforeNext("tallies.add", async () => {
      clock.advance(125_000);
      await store.sweep(clock.now(), 10);
    });
    expect(await refusalOf(mint(context, caller))).toEqual(REFUSED);
    expect(reasons()).toEqual(["client_assertion: expired"]);
  });

  it("and not at all if the store cannot say whether it was", async () => {
    const context = await mintWith();
    for (const failure of ["refused", "lost"] as const) {
      store.failNext("tallies.add", failure);
      const refusal = await refusalOf(mint(context, asserted(await key.sign(claims()))));
      expect(refusal.code).toBe("temporarily_unavailable");
    }
  });

  it("is no other client's, though their jti are the same", async () => {
    const context = await mintWith();
    const second = testClient({ id: "second", secrets: [], keys: { jwks: [key.publicJwk] } });
    const both = await testContext(
      testTenant({}, [testClient({ keys: { jwks: [key.publicJwk] } }), second]),
      store,
      createAuthorities({ clock, emit: () => undefined }),
      clock,
    );
    const own = claims();
    await mint(context, asserted(await key.sign(own)));
    expect(await mint(both, asserted(await key.sign({ ...own, iss: "second", sub: "second" })))).toBeDefined();
  });
});

describe.each(stores)("of two nodes on $name", (kind) => {
  it("both take an assertion whose exp has a fraction", async () => {
    const context = await mintWith({}, {}, opened.store);
    const exp = Math.floor(clock.now() / 1000) + 60.000_4;
    expect(await mint(context, asserted(await key.sign(claims({ exp }))))).toBeDefined();
  });

  let opened: Awaited<ReturnType<typeof kind.open>>;
  beforeAll(async () => {
    opened = await kind.open();
  });
  afterAll(() => opened.close());

  it("one takes an assertion that comes to both at the same moment, several times over", async () => {
    const second = (await opened.reopen?.()) ?? opened.store;
    const nodes = [await mintWith({}, {}, opened.store), await mintWith({}, {}, second)];
    const caller = asserted(await key.sign(claims()));
    const tries = await Promise.allSettled([...nodes, ...nodes, ...nodes].map((node) => mint(node, caller)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(reasons()).toEqual(Array(5).fill("client_assertion: used before"));
    if (second !== opened.store) await second.close();
  });
});

describe("a client's keys elsewhere", () => {
  const keys = { jwksUri: JWKS_URI, allowPrivateNetwork: false };

  it("are fetched once they are needed, and kept", async () => {
    const context = await mintWith({ keys });
    expect(fetches).toBe(0);
    for (let i = 0; i < 3; i++) await mint(context, asserted(await key.sign(claims())));
    expect(fetches).toBe(1);
  });

  it("are not fetched for what is wrong anyway", async () => {
    const context = await mintWith({ keys });
    await refusalOf(mint(context, asserted(await key.sign(claims({ aud: "https://other.example" })))));
    await refusalOf(mint(context, asserted(await key.sign(claims({ jti: undefined })))));
    expect(fetches).toBe(0);
  });

  it("are fetched again for a key that is new", async () => {
    const context = await mintWith({ keys });
    await mint(context, asserted(await key.sign(claims())));
    served = async () => ({ keys: [{ ...other.publicJwk, kid: "new" }] });
    expect(await mint(context, asserted(await other.sign(claims(), { kid: "new" })))).toBeDefined();
    expect(fetches).toBe(2);
  });

  it("are used while they cannot be fetched again; without any, the client is to try again", async () => {
    const [context, fresh] = [await mintWith({ keys }), await mintWith({ keys })];
    await mint(context, asserted(await key.sign(claims())));
    served = () => Promise.reject(new AuthorityUnavailableError("It is away."));
    clock.advance(2 * 3_600_000);
    expect(await mint(context, asserted(await key.sign(claims())))).toBeDefined();
    expect(await refusalOf(mint(fresh, asserted(await key.sign(claims()))))).toEqual({
      code: "temporarily_unavailable",
      message: "The client's keys are unavailable. Try again.",
    });
  });

  it("that are withdrawn count no longer", async () => {
    const context = await mintWith({ keys });
    await mint(context, asserted(await key.sign(claims())));
    served = async () => ({ keys: [] });
    clock.advance(3_600_000);
    expect(await refusalOf(mint(context, asserted(await key.sign(claims()))))).toEqual(REFUSED);
  });
});

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function hmac(payload: Changes): string {
  const signed = `${encode({ alg: "HS256" })}.${encode(payload)}`;
  return `${signed}.${createHmac("sha256", JSON.stringify(key.publicJwk)).update(signed).digest("base64url")}`;
}

/** The same signature over other claims. */
function withClaims(jwt: string, payload: Changes): string {
  const [header, , signature] = jwt.split(".");
  return [header, encode(payload), signature].join(".");
}
