import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFetchJson } from "../../src/authorities/fetch-json.ts";
import { createAuthorities } from "../../src/authorities/index.ts";
import { type Authorities, AuthorityUnavailableError, IdTokenError } from "../../src/authorities/port.ts";
import { AUDIENCE, answers, hangs, startAuthority, type TestAuthority } from "../support/authority.ts";
import { type FakeClock, fakeClock } from "../support/clock.ts";
import { listenerOf, type RecordingLogger, recordingLogger } from "../support/logger.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const FETCH = ["discovery", "keys"];

let clock: FakeClock;
let logger: RecordingLogger;
let authority: TestAuthority;
let other: TestAuthority;
let authorities: Authorities;

beforeEach(async () => {
  clock = fakeClock();
  logger = recordingLogger();
  [authority, other] = await Promise.all([startAuthority({ clock }), startAuthority({ clock })]);
  authorities = createAuthorities({ clock, emit: listenerOf(logger) });
});
afterEach(() => Promise.all([authority.stop(), other.stop()]));

function verify(idToken: string, by: TestAuthority = authority) {
  return authorities.verify({ issuer: by.issuer, audiences: [AUDIENCE] }, idToken, clock.now());
}

/** Verifies a new token of the authority, which names that key if any. */
async function verifyNew(kid?: string) {
  return verify(await authority.idToken({}, kid === undefined ? {} : { kid }));
}

/** How many times the keys were fetched. */
function fetches(): number {
  expect(authority.requests.filter((_, index) => index % 2 === 1)).not.toContain("discovery");
  return authority.requests.length / FETCH.length;
}

/** How many times the authority was asked, in vain or not. */
function attempts(): number {
  return authority.requests.filter((document) => document === "discovery").length;
}

describe("the keys", () => {
  it("are fetched when they are first needed, and kept for an hour", async () => {
    expect(authority.requests).toEqual([]);
    await verifyNew();
    expect(authority.requests).toEqual(FETCH);
    clock.advance(HOUR - 1);
    await verifyNew();
    expect(fetches()).toBe(1);
    clock.advance(1);
    await verifyNew();
    expect(fetches()).toBe(2);
  });

  it("are not asked for by a token that is no good anyway", async () => {
    await expect(verify(await authority.idToken({ aud: "another" }))).rejects.toThrow(IdTokenError);
    await expect(verify(await authority.idToken({ exp: 1 }))).rejects.toThrow(IdTokenError);
    await expect(verify(await other.idToken())).rejects.toThrow(IdTokenError);
    expect(authority.requests).toEqual([]);
  });

  it("are fetched once for all who wait for them", async () => {
    await Promise.all(Array.from({ length: 20 }, () => verifyNew()));
    expect(fetches()).toBe(1);
    await authority.rotate();
    await Promise.all(Array.from({ length: 20 }, () => verifyNew()));
    expect(fetches()).toBe(2);
  });

  it("that the issuer has withdrawn are gone within the hour", async () => {
    const idToken = await authority.idToken({ exp: Math.floor(clock.now() / SECOND) + 7200 });
    await verify(idToken);
    await authority.rotate();
    clock.advance(HOUR);
    await expect(verify(idToken)).rejects.toThrow("not signed with a key of the authority");
  });

  it("can all be withdrawn", async () => {
    authority.keys.length = 0;
    await expect(verifyNew()).rejects.toThrow(IdTokenError);
    expect(logger.lines).toEqual([]);
  });
});

describe("an unknown key", () => {
  it("is looked for at once: a rotation is picked up by the first token that shows it", async () => {
    await verifyNew();
    await authority.rotate();
    expect(await verifyNew()).toMatchObject({ sub: "someone" });
    expect(fetches()).toBe(2);
  });

  it("is not looked for in keys that were fetched for it", async () => {
    await expect(verifyNew("unknown")).rejects.toThrow(IdTokenError);
    expect(fetches()).toBe(1);
  });

  it("causes one fetch in 30 s, and is none meanwhile", async () => {
    await verifyNew();
    for (const kid of ["a", "b", "c"]) await expect(verifyNew(kid)).rejects.toThrow(IdTokenError);
    expect(fetches()).toBe(2);
    clock.advance(30 * SECOND - 1);
    await authority.rotate();
    await expect(verifyNew()).rejects.toThrow(IdTokenError);
    expect(fetches()).toBe(2);
    clock.advance(1);
    await verifyNew();
    expect(fetches()).toBe(3);
  });

  it("does no harm to known ones", async () => {
    await verifyNew();
    await Promise.allSettled(["a", "b", "c"].map(verifyNew));
    authority.die();
    clock.advance(30 * SECOND);
    await expect(verifyNew("d")).rejects.toThrow(AuthorityUnavailableError);
    await verifyNew();
  });

  it("cannot be judged while the issuer is dead", async () => {
    await verifyNew();
    authority.die();
    await authority.rotate();
    await expect(verifyNew()).rejects.toThrow(AuthorityUnavailableError);
    await expect(verifyNew()).rejects.toThrow(AuthorityUnavailableError);
    expect(attempts()).toBe(2);
    authority.die(false);
    clock.advance(10 * SECOND);
    await verifyNew();
    // It is judged, by the floor, as soon as the issuer has answered.
    clock.advance(10 * SECOND);
    await expect(verifyNew("unknown")).rejects.toThrow(IdTokenError);
    expect(attempts()).toBe(3);
  });
});

describe("a dead authority", () => {
  it("is asked every 10 s at most, and callers are told at once", async () => {
    authority.die();
    for (let caller = 0; caller < 3; caller += 1) {
      await expect(verifyNew()).rejects.toThrow(AuthorityUnavailableError);
    }
    expect(authority.requests).toEqual(["discovery"]);
    clock.advance(10 * SECOND - 1);
    authority.die(false);
    await expect(verifyNew()).rejects.toThrow(AuthorityUnavailableError);
    expect(authority.requests).toEqual(["discovery"]);
    clock.advance(1);
    await verifyNew();
  });

  it("has its last keys used for a day", async () => {
    await verifyNew();
    authority.die();
    clock.advance(HOUR);
    await Promise.all([verifyNew(), verifyNew()]);
    expect(attempts()).toBe(2);
    clock.advance(23 * HOUR - 1);
    await verifyNew();
    clock.advance(1);
    await expect(verifyNew()).rejects.toThrow(AuthorityUnavailableError);
    authority.die(false);
    clock.advance(10 * SECOND);
    await verifyNew();
  });

  it("is logged by its name, as often as it is asked", async () => {
    authority.serve("keys", answers("<html>very-secret</html>"));
    const idToken = await authority.idToken();
    await Promise.allSettled([verify(idToken), verify(idToken)]);
    await expect(verify(idToken)).rejects.toThrow(AuthorityUnavailableError);
    expect(logger.lines).toEqual([
      {
        level: "warn",
        fields: { event: "authority_unavailable", issuer: authority.issuer, reason: "Its answer is not JSON." },
        message: "the keys of an authority could not be fetched",
      },
    ]);
  });

  it.each([
    ["answers garbage for its discovery", "discovery", answers("garbage")],
    ["answers garbage for its keys", "keys", answers({ keys: "garbage" })],
    ["names another issuer", "discovery", answers({ issuer: "http://127.0.0.1:1", jwks_uri: "http://127.0.0.1:1/" })],
    ["redirects its keys", "keys", answers("", 302, { location: "/.well-known/openid-configuration" })],
    ["has too much to say", "keys", answers({ keys: [], filler: "x".repeat(1024 * 1024) })],
  ] as const)("may be one that %s", async (_, document, listener) => {
    authority.serve(document, listener);
    await expect(verifyNew()).rejects.toThrow(AuthorityUnavailableError);
    expect(authority.requests).toEqual(document === "keys" ? FETCH : ["discovery"]);
  });

  it("may be one whose keys are elsewhere and not https", async () => {
    authority.serve("discovery", answers({ issuer: authority.issuer, jwks_uri: "http://192.0.2.1/keys" }));
    await expect(verifyNew()).rejects.toThrow("Its URL is neither https nor http on this machine.");
  });

  it("may be one that fails in ways that nobody foresaw, and the cause is kept", async () => {
    const cause = new Error("unforeseen");
    authorities = createAuthorities({ clock, emit: listenerOf(logger), fetch: () => Promise.reject(cause) });
    const error = await verifyNew().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AuthorityUnavailableError);
    expect(error).toMatchObject({ cause });
    expect(logger.text()).not.toContain("unforeseen");
  });
});

describe("a slow authority", () => {
  it("is waited for by its own callers alone, and not for long", async () => {
    authorities = createAuthorities({
      clock,
      emit: listenerOf(logger),
      fetch: createFetchJson({ timeout: 300, maxBytes: 10_000 }),
    });
    authority.serve("keys", hangs);
    const order: string[] = [];
    const slow = verifyNew().then(
      () => order.push("accepted"),
      (error: Error) => order.push(error.message),
    );
    await verify(await other.idToken(), other);
    order.push("other");
    await slow;
    expect(order).toEqual(["other", "It did not answer in time."]);
  });
});
