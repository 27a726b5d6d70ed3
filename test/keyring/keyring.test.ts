import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { FOREVER } from "../../src/base/clock.ts";
import { jweSealer, SealError } from "../../src/keyring/seal.ts";
import type { KeyRecord } from "../../src/store/port.ts";
import { makeJti } from "../../src/token/jti.ts";
import { failingStore } from "../support/failing-store.ts";
import { testKeyring } from "../support/keyring.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { seededRandom } from "../support/random.ts";

const KIDLESS = { alg: "ES256" };
const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
const unsigned = (header: object, claims: object = {}) => `${encoded(header)}.${encoded(claims)}.AAAA`;

describe("keyring", () => {
  it("makes a tenant's keys at its first start, and finds them again", async () => {
    const store = createMemoryStore();
    const first = await testKeyring(store);
    const second = await testKeyring(store);
    expect(second.keyring.jwks(second.now())).toEqual(first.keyring.jwks(first.now()));
    expect(first.keyring.jwks(first.now()).keys).toHaveLength(1);
    expect(second.keyring.mac(1, "text")).toBe(first.keyring.mac(1, "text"));
  });

  it("ends with one key when two start at once on an empty store", async () => {
    const store = createMemoryStore();
    const [one, other] = await Promise.all([testKeyring(store), testKeyring(store)]);
    expect(one.keyring.jwks(one.now())).toEqual(other.keyring.jwks(other.now()));
    expect(one.keyring.mac(1, "text")).toBe(other.keyring.mac(1, "text"));
    expect(await one.store.keys.list()).toHaveLength(2);
  });

  it("signs what the JWKS verifies", async () => {
    const { keyring, now } = await testKeyring(createMemoryStore());
    const jwt = await keyring.signer(now()).sign({ sub: "someone" }, "JWT");
    const jwks = createLocalJWKSet(keyring.jwks(now()) as unknown as JSONWebKeySet);
    expect((await jwtVerify(jwt, jwks)).payload).toEqual({ sub: "someone" });
    expect(await keyring.verify(jwt, now())).toMatchObject({ claims: { sub: "someone" } });
  });

  it("verifies no token of another tenant, and no text that is none", async () => {
    const store = createMemoryStore();
    const [acme, other] = [await testKeyring(store), await testKeyring(store, { tenant: { id: "other" } })];
    const foreign = await other.keyring.signer(other.now()).sign({ sub: "someone" }, "JWT");
    for (const text of [foreign, "", "a.b.c", "not a token", unsigned(KIDLESS), unsigned({ alg: "none", kid: "x" })]) {
      expect(await acme.keyring.verify(text, acme.now())).toBeUndefined();
    }
    expect(acme.keyring.mac(1, "text")).not.toBe(other.keyring.mac(1, "text"));
    expect(acme.keyring.mac(2, "text")).toBeUndefined();
  });

  it("remembers what it verified, and is not led by it to take anything else", async () => {
    const { keyring, now } = await testKeyring(createMemoryStore());
    const jwt = await keyring.signer(now()).sign({ sub: "someone" }, "JWT");
    const [header, payload, signature] = jwt.split(".");
    for (let i = 0; i < 2; i++) {
      expect(await keyring.verify(jwt, now())).toMatchObject({ claims: { sub: "someone" } });
      expect(await keyring.verify(`${header}.${payload}.${signature?.slice(2)}`, now())).toBeUndefined();
    }
  });

  it("stores no private part open", async () => {
    const { store } = await testKeyring(createMemoryStore());
    for (const row of await store.keys.list()) {
      expect(row.sealed.split(".")).toHaveLength(5);
      expect(JSON.stringify(row)).not.toMatch(/"d"|\bkty\b/);
    }
  });

  it("does not open with a wrong key-encryption key, and makes no new key", async () => {
    const store = createMemoryStore();
    const first = await testKeyring(store);
    const sealer = jweSealer([new Uint8Array(32).fill(2)]);
    await expect(testKeyring(store, { sealer })).rejects.toThrow(SealError);
    expect(await first.store.keys.list()).toHaveLength(2);
  });

  it.each<[string, Partial<KeyRecord>]>([
    ["algorithm", { algorithm: "RS256" }],
    ["date of birth", { createdAt: 1 }],
    ["turn", { activateAt: FOREVER }],
    ["request", { request: "another" }],
  ])("that has a key open reads its row anew where another %s stands in it", async (_, change) => {
    const memory = createMemoryStore();
    let changed: Partial<KeyRecord> = {};
    const forTenant = (tenant: string) => {
      const part = memory.forTenant(tenant);
      const list = async () => (await part.keys.list()).map((row) => ({ ...row, ...changed }));
      return { ...part, keys: { ...part.keys, list } };
    };
    const { keyring } = await testKeyring({ ...memory, forTenant });
    await keyring.read();
    changed = change;
    await expect(keyring.read()).rejects.toThrow(SealError);
  });

  describe("that could not read its keys", () => {
    it("goes on for as long as it may be stale, then stops signing, and goes on again by itself", async () => {
      const store = failingStore(createMemoryStore());
      const { keyring, clock, now } = await testKeyring(store);
      store.away = true;
      clock.advance(900_000);
      await expect(keyring.poll()).rejects.toThrow();
      await keyring.signer(now()).sign({}, "JWT");
      clock.advance(1);
      expect(() => keyring.signer(now())).toThrow("The keys could not be read for too long.");
      expect(() => keyring.macGeneration(now())).toThrow("The keys could not be read for too long.");
      store.away = false;
      await keyring.poll();
      await keyring.signer(now()).sign({}, "JWT");
    });
  });

  describe("that meets an unknown key", () => {
    const aKid = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
    const bearing = (claims: object) => unsigned({ alg: "ES256", kid: aKid() }, claims);
    /** Says that it was minted just now. */
    const strange = (now: number) => bearing({ iat: Math.floor(now / 1000) });

    it("reads at once, but at most four times a second, and never twice at a time", async () => {
      const store = failingStore(createMemoryStore());
      const { keyring, clock, now } = await testKeyring(store);
      clock.advance(60_000);
      store.calls.length = 0;
      const began = now();
      await Promise.all(Array.from({ length: 50 }, () => keyring.verify(strange(now()), now())));
      expect(now()).toBe(began);
      expect(store.calls.filter((call) => call === "keys.list")).toHaveLength(1);
      await Promise.all([keyring.verify(strange(now()), now()), keyring.awaitRefreshKey(9)]);
      expect(store.calls.filter((call) => call === "keys.list")).toHaveLength(2);
      expect(now() - began).toBeGreaterThanOrEqual(250);
    });

    it("does not read for a text whose kid is none of ours at sight", async () => {
      const store = failingStore(createMemoryStore());
      const { keyring, now } = await testKeyring(store);
      store.calls.length = 0;
      expect(await keyring.verify(unsigned({ alg: "ES256", kid: "short" }), now())).toBeUndefined();
      expect(store.calls).toEqual([]);
    });

    it.each<[string, (now: number) => object]>([
      ["a jti", (now) => ({ jti: makeJti(now - 60_001, undefined, seededRandom()) })],
      [
        "a jti, whatever its iat",
        (now) => ({ jti: makeJti(now - 60_001, undefined, seededRandom()), iat: 4_102_444_800 }),
      ],
      ["an iat", (now) => ({ iat: Math.floor(now / 1000) - 62 })],
      ["a jti that is ahead", (now) => ({ jti: makeJti(now + 51, undefined, seededRandom()) })],
      ["an iat that is ahead", () => ({ iat: 4_102_444_800 })],
      ["neither", () => ({})],
      ["a jti that is none of ours", () => ({ jti: "7" })],
    ])(
      "knows without a read that a token is none of ours, by a moment well before the last read or ahead: %s",
      async (_, claims) => {
        const store = failingStore(createMemoryStore());
        const { keyring, now } = await testKeyring(store);
        store.calls.length = 0;
        expect(await keyring.verify(bearing(claims(now())), now())).toBeUndefined();
        expect(store.calls).toEqual([]);
      },
    );

    it("reads for a token whose key may have been made while it was minted", async () => {
      const store = failingStore(createMemoryStore());
      const { keyring, now } = await testKeyring(store);
      store.calls.length = 0;
      await keyring.verify(bearing({ jti: makeJti(now() - 60_000 + 1, undefined, seededRandom()) }), now());
      expect(store.calls).toContain("keys.list");
    });

    it("reads at once if many wait, refuses none of them, and finds another node's new key among them", async () => {
      const store = failingStore(createMemoryStore());
      const node = await testKeyring(store);
      const other = await testKeyring(store);
      await other.rotate({ mode: "compromised", use: "signing", kid: undefined, dryRun: false, request: "r" });
      const now = other.now();
      const fresh = await other.keyring.signer(now).sign({ jti: makeJti(now, undefined, seededRandom()) }, "JWT");
      node.clock.past = () => new Promise(() => {});
      store.calls.length = 0;
      const forged = Array.from({ length: 1000 }, () => node.keyring.verify(strange(now), now));
      const found = node.keyring.verify(fresh, now);
      const more = Array.from({ length: 256 }, () => node.keyring.verify(strange(now), now));
      expect(await found).toMatchObject({ claims: { jti: expect.anything() } });
      expect(new Set(await Promise.all([...forged, ...more]))).toEqual(new Set([undefined]));
      expect(store.calls.filter((call) => call === "keys.list").length).toBeLessThanOrEqual(5);
    });

    it("says that it does not know while the store is away", async () => {
      const store = failingStore(createMemoryStore());
      const { keyring, now } = await testKeyring(store);
      store.away = true;
      await expect(keyring.verify(strange(now()), now())).rejects.toThrow("was refused");
      await expect(keyring.awaitRefreshKey(9)).rejects.toThrow("was refused");
    });
  });
});
