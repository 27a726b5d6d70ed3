import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DpopNonceError } from "../../src/engine/dpop-nonce-error.ts";
import type { Caller, MintRequest, RefreshRequest } from "../../src/engine/request.ts";
import type { Client } from "../../src/registry/tenant.ts";
import type { Store } from "../../src/store/port.ts";
import { type FakeClock, fakeClock } from "../support/clock.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { type DpopKey, dpopKey } from "../support/dpop.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const credentials: Caller = { clientId: CLIENT_ID, clientSecret: SECRET };
const publicly: Caller = { clientId: CLIENT_ID };
const REQUEST = { method: "POST", url: "https://mint.example/connect/token" };
const ALICE: MintRequest = { grantType: "arbitrary_identity", subject: "alice", scopes: ["a", "offline_access"] };
const PUBLIC: Partial<Client> = { requireSecret: false, requireRefreshSecret: false };

let key: DpopKey;
let other: DpopKey;
let store: Store;
let clock: FakeClock;
let context: TestContext;
beforeAll(async () => {
  [key, other] = await Promise.all([dpopKey(), dpopKey()]);
});
beforeEach(async () => {
  store = createMemoryStore();
  clock = fakeClock();
  context = await withClient({});
});

const withClient = (client: Partial<Client>) =>
  testContext(testTenant({}, [testClient(client)]), store, undefined, clock);
const mint = (caller: Caller, request = ALICE, { engine } = context) => engine.mint(caller, request);
const refresh = (caller: Caller, request: RefreshRequest, { engine } = context) => engine.refresh(caller, request);
const introspect = (token: string) => context.engine.introspect(credentials, { token });

/** The caller with proofs of these keys, made now. */
async function proven(caller: Caller, keys: readonly DpopKey[], claims = {}): Promise<Caller> {
  const iat = Math.floor(clock.now() / 1000);
  const proofs = await Promise.all(keys.map((one) => one.prove({ ...REQUEST, iat }, claims)));
  return { ...caller, dpop: { proofs, method: REQUEST.method, urls: [REQUEST.url] } };
}

describe("a mint with a proof", () => {
  it.each(["jwt", "reference"])("binds a %s to the proof's key", async (accessTokenType) => {
    const tokens = await mint(await proven(credentials, [key]), { ...ALICE, accessTokenType });
    expect(tokens.tokenType).toBe("DPoP");
    expect(await introspect(tokens.accessToken)).toMatchObject({
      active: true,
      token_type: "DPoP",
      cnf: { jkt: key.jkt },
    });
    if (accessTokenType === "jwt") expect(claimsOf(tokens.accessToken).cnf).toEqual({ jkt: key.jkt });
  });

  it("leaves the id_token as it is", async () => {
    const request = { ...ALICE, scopes: ["openid", "a"] };
    const { idToken = "" } = await mint(await proven(credentials, [key]), request);
    expect(claimsOf(idToken)).not.toHaveProperty("cnf");
  });

  it("is refused if there are two proofs", async () => {
    const refusal = await refusalOf(mint(await proven(credentials, [key, key])));
    expect(refusal).toMatchObject({ code: "invalid_dpop_proof", message: expect.stringContaining("has one at most") });
  });

  it("is refused if the proof is not for it", async () => {
    const refusal = await refusalOf(mint(await proven(credentials, [key], { htm: "GET" })));
    expect(refusal).toMatchObject({ code: "invalid_dpop_proof", message: expect.stringContaining("htm must be POST") });
  });

  it("is refused the second time, on another node too", async () => {
    const caller = await proven(credentials, [key]);
    const elsewhere = await withClient({});
    await mint(caller);
    for (const node of [context, elsewhere]) {
      const refusal = await refusalOf(mint(caller, ALICE, node));
      expect(refusal).toMatchObject({ code: "invalid_dpop_proof", message: expect.stringContaining("used before") });
    }
  });

  it("is done once of two at the same moment on two nodes", async () => {
    const caller = await proven(credentials, [key]);
    const nodes = [context, await withClient({})];
    const outcomes = await Promise.allSettled(nodes.map((node) => mint(caller, ALICE, node)));
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  it("may have the jti of another key's proof", async () => {
    for (const one of [key, other]) {
      await expect(mint(await proven(credentials, [one], { jti: "same" }))).resolves.toBeDefined();
    }
  });
});

describe("a mint without a proof", () => {
  it("gives a token for whoever bears it", async () => {
    const tokens = await mint(credentials);
    expect(tokens.tokenType).toBe("Bearer");
    expect(claimsOf(tokens.accessToken)).not.toHaveProperty("cnf");
  });

  it("is refused if the client needs one", async () => {
    const refusal = await refusalOf(mint(credentials, ALICE, await withClient({ dpop: "required" })));
    expect(refusal).toMatchObject({ code: "invalid_dpop_proof", message: "DPoP is required for this client." });
  });

  it("may not show a token that is bound to a key", async () => {
    const { accessToken } = await mint(await proven(credentials, [key]));
    const request = { grantType: "arbitrary_resource_owner", accessToken, arbitraryClaims: {} };
    for (const keys of [[], [other]]) {
      expect(await refusalOf(mint(await proven(credentials, keys), request))).toMatchObject({ code: "invalid_grant" });
    }
    const tokens = await mint(await proven(credentials, [key]), request);
    expect(claimsOf(tokens.accessToken)).toMatchObject({ sub: "alice", cnf: { jkt: key.jkt } });
  });
});

describe("a refresh of a grant that is bound to a key", () => {
  it("of a public client needs that key", async () => {
    const node = await withClient(PUBLIC);
    const { refreshToken = "" } = await mint(await proven(publicly, [key]), ALICE, node);
    const without = await refusalOf(refresh(publicly, { refreshToken }, node));
    expect(without).toMatchObject({ code: "invalid_dpop_proof", message: expect.stringContaining("bound to a key") });
    expect(await refusalOf(refresh(await proven(publicly, [other]), { refreshToken }, node))).toMatchObject({
      code: "invalid_grant",
    });
    const tokens = await refresh(await proven(publicly, [key]), { refreshToken }, node);
    expect(tokens.tokenType).toBe("DPoP");
    expect(claimsOf(tokens.accessToken).cnf).toEqual({ jkt: key.jkt });
  });

  it("of a client that proves who it is may come with another key, but not without one", async () => {
    const { refreshToken = "" } = await mint(await proven(credentials, [key]));
    expect(await refusalOf(refresh(credentials, { refreshToken }))).toMatchObject({ code: "invalid_dpop_proof" });
    const tokens = await refresh(await proven(credentials, [other]), { refreshToken });
    expect(claimsOf(tokens.accessToken).cnf).toEqual({ jkt: other.jkt });
  });

  it("gives the same child to a retry within the grace, which has a new proof", async () => {
    const node = await withClient(PUBLIC);
    const { refreshToken = "" } = await mint(await proven(publicly, [key]), ALICE, node);
    const first = await refresh(await proven(publicly, [key]), { refreshToken }, node);
    const again = await refresh(await proven(publicly, [key]), { refreshToken }, node);
    expect(again.refreshToken).toBe(first.refreshToken);
  });

  it("with a used token, but not the key, does not end the grant", async () => {
    const node = await withClient({ ...PUBLIC, refreshGrace: 0 });
    const { refreshToken = "" } = await mint(await proven(publicly, [key]), ALICE, node);
    const next = await refresh(await proven(publicly, [key]), { refreshToken }, node);
    for (const keys of [[], [other]]) {
      await expect(refresh(await proven(publicly, keys), { refreshToken }, node)).rejects.toThrow();
    }
    await expect(refresh(await proven(publicly, [key]), next, node)).resolves.toBeDefined();
  });
});

describe("a refresh of a grant whose tokens are bound to somebody else's key", () => {
  const confirmation = { jkt: "x".repeat(43) };

  it("of a public client that had a key needs that key", async () => {
    const node = await withClient({ ...PUBLIC, allowConfirmation: true, refreshGrace: 0 });
    const first = await mint(await proven(publicly, [key]), { ...ALICE, confirmation }, node);
    const next = await refresh(await proven(publicly, [key]), first, node);
    for (const { refreshToken } of [first, next]) {
      expect(await refusalOf(refresh(publicly, { refreshToken }, node))).toMatchObject({ code: "invalid_dpop_proof" });
      const refusal = await refusalOf(refresh(await proven(publicly, [other]), { refreshToken }, node));
      expect(refusal).toMatchObject({ code: "invalid_grant" });
    }
    const last = await refresh(await proven(publicly, [key]), next, node);
    expect(claimsOf(last.accessToken).cnf).toEqual(confirmation);
  });

  it("needs none if the client had none", async () => {
    const node = await withClient({ ...PUBLIC, allowConfirmation: true });
    const tokens = await mint(publicly, { ...ALICE, confirmation }, node);
    expect(claimsOf((await refresh(publicly, tokens, node)).accessToken).cnf).toEqual(confirmation);
  });
});

describe("an id_token that was exchanged for a bound token", () => {
  it("is bound to the same key", async () => {
    const types = "urn:ietf:params:oauth:token-type";
    const exchange = { grantType: "urn:ietf:params:oauth:grant-type:token-exchange", subjectToken: "" };
    const { accessToken: subjectToken } = await mint(await proven(credentials, [key]));
    const forIdToken = {
      ...{ ...exchange, subjectToken, subjectTokenType: `${types}:access_token` },
      requestedTokenType: `${types}:id_token`,
    };
    const { accessToken: idToken } = await mint(await proven(credentials, [key]), forIdToken);
    expect(claimsOf(idToken).cnf).toEqual({ jkt: key.jkt });
    const back = { ...exchange, subjectToken: idToken, subjectTokenType: `${types}:id_token` };
    for (const caller of [credentials, await proven(credentials, [other])])
      expect(await refusalOf(mint(caller, back))).toMatchObject({ code: "invalid_request" });
    const tokens = await mint(await proven(credentials, [key]), back);
    expect(claimsOf(tokens.accessToken).cnf).toEqual({ jkt: key.jkt });
  });
});

describe("a refresh of a grant that is bound to none", () => {
  it("binds its access token to the proof's key", async () => {
    const { refreshToken = "" } = await mint(credentials);
    const tokens = await refresh(await proven(credentials, [key]), { refreshToken });
    expect(claimsOf(tokens.accessToken).cnf).toEqual({ jkt: key.jkt });
  });

  it("is refused to a public client that needs a key by now", async () => {
    const { refreshToken = "" } = await mint(publicly, ALICE, await withClient(PUBLIC));
    const node = await withClient({ ...PUBLIC, dpop: "required" });
    const refusal = await refusalOf(refresh(await proven(publicly, [key]), { refreshToken }, node));
    expect(refusal).toMatchObject({ code: "invalid_grant" });
  });
});

describe("a nonce", () => {
  let node: TestContext;
  beforeEach(async () => {
    node = await withClient({ dpopNonce: true });
  });

  async function nonceOf(attempt: Promise<unknown>): Promise<string> {
    const refusal = await attempt.catch((error: unknown) => error);
    if (!(refusal instanceof DpopNonceError)) throw new Error("no nonce was told");
    return refusal.nonce;
  }

  it("is told to whoever has none, and then accepted; the answer has the next one", async () => {
    const nonce = await nonceOf(proven(credentials, [key]).then((caller) => mint(caller, ALICE, node)));
    const tokens = await mint(await proven(credentials, [key], { nonce }), ALICE, node);
    expect(tokens.dpopNonce).toBe(nonce);
    clock.advance(60_000);
    const later = await mint(await proven(credentials, [key], { nonce }), ALICE, node);
    expect(later.dpopNonce).not.toBe(nonce);
  });

  it("is told again once it is old, and if it is nobody's", async () => {
    const nonce = await nonceOf(proven(credentials, [key]).then((caller) => mint(caller, ALICE, node)));
    clock.advance(120_000);
    for (const one of [nonce, "another"]) {
      const caller = await proven(credentials, [key], { nonce: one });
      expect(await nonceOf(mint(caller, ALICE, node))).not.toBe(nonce);
    }
  });

  it("is not needed by a client without a proof, nor told", async () => {
    expect((await mint(credentials)).dpopNonce).toBeUndefined();
    expect((await mint(await proven(credentials, [key]))).dpopNonce).toBeUndefined();
  });
});
