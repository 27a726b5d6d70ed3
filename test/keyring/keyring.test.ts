import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { jweSealer, SealError } from "../../src/keyring/seal.ts";
import { failingStore } from "../support/failing-store.ts";
import { testKeyring } from "../support/keyring.ts";
import { createMemoryStore } from "../support/memory-store.ts";

const KIDLESS = { alg: "ES256" };
const unsigned = (header: object) => `${Buffer.from(JSON.stringify(header)).toString("base64url")}.e30.AAAA`;

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
    const jwt = await keyring.signer(now()).sign({ sub: "someone" });
    const jwks = createLocalJWKSet(keyring.jwks(now()) as unknown as JSONWebKeySet);
    expect((await jwtVerify(jwt, jwks)).payload).toEqual({ sub: "someone" });
    expect(await keyring.verify(jwt, now())).toMatchObject({ claims: { sub: "someone" } });
  });

  it("verifies no token of another tenant, and no text that is none", async () => {
    const store = createMemoryStore();
    const [acme, other] = [await testKeyring(store), await testKeyring(store, { tenant: { id: "other" } })];
    const foreign = await other.keyring.signer(other.now()).sign({ sub: "someone" });
    for (const text of [foreign, "", "a.b.c", "not a token", unsigned(KIDLESS), unsigned({ alg: "none", kid: "x" })]) {
      expect(await acme.keyring.verify(text, acme.now())).toBeUndefined();
    }
    expect(acme.keyring.mac(1, "text")).not.toBe(other.keyring.mac(1, "text"));
    expect(acme.keyring.mac(2, "text")).toBeUndefined();
  });

  it("remembers what it verified, and is not led by it to take anything else", async () => {
    const { keyring, now } = await testKeyring(createMemoryStore());
    const jwt = await keyring.signer(now()).sign({ sub: "someone" });
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

  describe("that could not read its keys", () => {
    it("goes on for as long as it may be stale, then stops signing, and goes on again by itself", async () => {
      const store = failingStore(createMemoryStore());
      const { keyring, clock, now } = await testKeyring(store);
      store.away = true;
      clock.advance(900_000);
      await expect(keyring.poll()).rejects.toThrow();
      await keyring.signer(now()).sign({});
      clock.advance(1);
      expect(() => keyring.signer(now())).toThrow("The keys could not be read for too long.");
      expect(() => keyring.macGeneration(now())).toThrow("The keys could not be read for too long.");
      store.away = false;
      await keyring.poll();
      await keyring.signer(now()).sign({});
    });
  });

  describe("that meets an unknown key", () => {
    const strange = () =>
      unsigned({ alg: "ES256", kid: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url") });

    it("reads at once, but at most once a second, and never twice at a time", async () => {
      const store = failingStore(createMemoryStore());
      const { keyring, clock, now } = await testKeyring(store);
      clock.advance(60_000);
      store.calls.length = 0;
      const began = now();
      await Promise.all(Array.from({ length: 50 }, () => keyring.verify(strange(), now())));
      expect(now()).toBe(began);
      expect(store.calls.filter((call) => call === "keys.list")).toHaveLength(1);
      await Promise.all([keyring.verify(strange(), now()), keyring.awaitTokenKey(9)]);
      expect(store.calls.filter((call) => call === "keys.list")).toHaveLength(2);
      expect(now() - began).toBeGreaterThanOrEqual(1000);
    });

    it("does not read for a text whose kid is none of ours at sight", async () => {
      const store = failingStore(createMemoryStore());
      const { keyring, now } = await testKeyring(store);
      store.calls.length = 0;
      expect(await keyring.verify(unsigned({ alg: "ES256", kid: "short" }), now())).toBeUndefined();
      expect(store.calls).toEqual([]);
    });

    it("lets a bounded number wait, and asks the others to come again", async () => {
      const { keyring, now } = await testKeyring(createMemoryStore());
      const outcomes = await Promise.allSettled(Array.from({ length: 300 }, () => keyring.verify(strange(), now())));
      const turnedAway = outcomes.filter((outcome) => outcome.status === "rejected");
      expect(turnedAway).toHaveLength(300 - 256);
      for (const { reason } of turnedAway) expect(String(reason)).toContain("Too many tokens with unknown keys wait.");
    });

    it("says that it does not know while the store is away", async () => {
      const store = failingStore(createMemoryStore());
      const { keyring, now } = await testKeyring(store);
      store.away = true;
      await expect(keyring.verify(strange(), now())).rejects.toThrow("was refused");
      await expect(keyring.awaitTokenKey(9)).rejects.toThrow("was refused");
    });
  });
});
