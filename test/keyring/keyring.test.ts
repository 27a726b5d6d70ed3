import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { webCryptoSignatures } from "../../src/keyring/algorithms.ts";
import { openKeyring } from "../../src/keyring/keyring.ts";
import { jweSealer, SealError } from "../../src/keyring/seal.ts";
import type { Store } from "../../src/store/port.ts";
import { systemRandom } from "../../src/token/random.ts";
import { fakeClock } from "../support/clock.ts";
import { createMemoryStore } from "../support/memory-store.ts";

const clock = fakeClock();

function open(store: Store, tenant = "acme", keyEncryptionKey = new Uint8Array(32).fill(1)) {
  return openKeyring({ id: tenant, signing: { algorithm: "ES256" } }, store.forTenant(tenant).keys, {
    clock,
    maxClockSkew: 0,
    random: systemRandom,
    sealer: jweSealer(keyEncryptionKey),
    signatures: webCryptoSignatures,
  });
}

describe("keyring", () => {
  it("makes a tenant's keys at its first start, and finds them again", async () => {
    const store = createMemoryStore();
    const first = await open(store);
    const second = await open(store);
    expect(second.jwks(clock.now())).toEqual(first.jwks(clock.now()));
    expect(first.jwks(clock.now()).keys).toHaveLength(1);
    expect(second.mac(1, "text")).toBe(first.mac(1, "text"));
  });

  it("ends with one key when two start at once on an empty store", async () => {
    const store = createMemoryStore();
    const [one, other] = await Promise.all([open(store), open(store)]);
    expect(one.jwks(clock.now())).toEqual(other.jwks(clock.now()));
    expect(one.mac(1, "text")).toBe(other.mac(1, "text"));
    expect(await store.forTenant("acme").keys.list()).toHaveLength(2);
  });

  it("signs what the JWKS verifies", async () => {
    const keyring = await open(createMemoryStore());
    const jwt = await keyring.signer(clock.now()).sign({ sub: "someone" });
    const jwks = createLocalJWKSet(keyring.jwks(clock.now()) as unknown as JSONWebKeySet);
    expect((await jwtVerify(jwt, jwks)).payload).toEqual({ sub: "someone" });
    expect(await keyring.verify(jwt, clock.now())).toMatchObject({ claims: { sub: "someone" } });
  });

  it("verifies no token of another tenant, and no text that is none", async () => {
    const store = createMemoryStore();
    const [acme, other] = await Promise.all([open(store), open(store, "other")]);
    const foreign = await other.signer(clock.now()).sign({ sub: "someone" });
    for (const text of [foreign, "", "a.b.c", "not a token"])
      expect(await acme.verify(text, clock.now())).toBeUndefined();
    expect(acme.mac(1, "text")).not.toBe(other.mac(1, "text"));
    expect(acme.mac(2, "text")).toBeUndefined();
  });

  it("remembers what it verified, and is not led by it to take anything else", async () => {
    const keyring = await open(createMemoryStore());
    const jwt = await keyring.signer(clock.now()).sign({ sub: "someone" });
    const [header, payload, signature] = jwt.split(".");
    for (let i = 0; i < 2; i++) {
      expect(await keyring.verify(jwt, clock.now())).toMatchObject({ claims: { sub: "someone" } });
      expect(await keyring.verify(`${header}.${payload}.${signature?.slice(2)}`, clock.now())).toBeUndefined();
    }
  });

  it("stores no private part open", async () => {
    const store = createMemoryStore();
    await open(store);
    for (const row of await store.forTenant("acme").keys.list()) {
      expect(row.sealed.split(".")).toHaveLength(5);
      expect(JSON.stringify(row)).not.toMatch(/"d"|\bkty\b/);
    }
  });

  it("does not start with a wrong key-encryption key, and makes no new key", async () => {
    const store = createMemoryStore();
    await open(store);
    await expect(open(store, "acme", new Uint8Array(32).fill(2))).rejects.toThrow(SealError);
    expect(await store.forTenant("acme").keys.list()).toHaveLength(2);
  });
});
