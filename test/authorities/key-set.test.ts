import { exportJWK, generateKeyPair } from "jose";
import { describe, expect, it } from "vitest";
import type { FetchJson } from "../../src/authorities/fetch-json.ts";
import { fetchKeySet } from "../../src/authorities/key-set.ts";
import { AuthorityUnavailableError } from "../../src/authorities/port.ts";
import type { JsonObject, JsonValue } from "../../src/base/json.ts";

const ISSUER = "https://login.example";
const KEYS = "https://keys.example/all?of=them";

/** A public key for ES256 that is called `good`. */
async function newKey(): Promise<JsonObject> {
  const { publicKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(publicKey)), kid: "good" } as JsonObject;
}

const GOOD = await newKey();

/** The documents of an issuer, and the URLs that were asked for. */
function issuerWith(discovery: JsonValue, keySet: JsonValue) {
  const urls: string[] = [];
  const fetchJson = async (url: string) => {
    urls.push(url);
    return urls.length === 1 ? discovery : keySet;
  };
  return { urls, fetchJson };
}

async function failure(discovery: JsonValue, keySet: JsonValue, issuer = ISSUER): Promise<string> {
  const error = await fetchKeySet({ issuer }, issuerWith(discovery, keySet).fetchJson).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AuthorityUnavailableError);
  return (error as AuthorityUnavailableError).message;
}

describe("discovery", () => {
  it.each([
    ["https://login.example", "https://login.example/.well-known/openid-configuration"],
    ["https://login.example/", "https://login.example/.well-known/openid-configuration"],
    ["https://login.example/a/b", "https://login.example/a/b/.well-known/openid-configuration"],
  ])("of %s is at %s", async (issuer, url) => {
    const { urls, fetchJson } = issuerWith({ issuer, jwks_uri: KEYS }, { keys: [] });
    await fetchKeySet({ issuer }, fetchJson);
    expect(urls).toEqual([url, KEYS]);
  });

  it.each([
    [{ issuer: "https://login.example/", jwks_uri: KEYS }, "Its discovery document names another issuer."],
    [{ issuer: "https://other.example", jwks_uri: KEYS }, "Its discovery document names another issuer."],
    [{ jwks_uri: KEYS }, "Its discovery document names another issuer."],
    [{ issuer: ISSUER }, "Its discovery document has no jwks_uri."],
    [{ issuer: ISSUER, jwks_uri: [KEYS] }, "Its discovery document has no jwks_uri."],
    [{ issuer: ISSUER, jwks_uri: "http://127.0.0.1/keys" }, "Its jwks_uri is not https."],
    [{ issuer: ISSUER, jwks_uri: "/keys" }, "Its jwks_uri is not https."],
    [[], "Its discovery document is malformed."],
    [null, "Its discovery document is malformed."],
    ["text", "Its discovery document is malformed."],
  ] satisfies [JsonValue, string][])("%j: %s", async (discovery, message) => {
    expect(await failure(discovery, { keys: [] })).toBe(message);
  });
});

describe("the networks that the documents may be in", () => {
  async function networksOf(issuer: string, allowPrivateNetwork?: boolean): Promise<readonly string[]> {
    const asked: ReadonlySet<string>[] = [];
    const fetchJson: FetchJson = async (_, networks) => {
      asked.push(networks);
      return asked.length === 1 ? { issuer, jwks_uri: KEYS } : { keys: [] };
    };
    await fetchKeySet(allowPrivateNetwork === undefined ? { issuer } : { issuer, allowPrivateNetwork }, fetchJson);
    expect(asked[0]).toEqual(asked[1]);
    return [...(asked[0] ?? [])].sort();
  }

  it("are public alone, unless private ones are allowed", async () => {
    expect(await networksOf(ISSUER)).toEqual(["public"]);
    expect(await networksOf(ISSUER, false)).toEqual(["public"]);
    expect(await networksOf(ISSUER, true)).toEqual(["private", "public"]);
    expect(await networksOf("https://localhost.login.example")).toEqual(["public"]);
  });

  it.each(["http://127.0.0.1:1", "http://localhost:1", "https://[::1]"])(
    "are loopback too for an issuer there, as in development: %s",
    async (issuer) => expect(await networksOf(issuer)).toEqual(["loopback", "public"]),
  );

  it("are left by no scheme in capitals", async () => {
    const issuer = "HTTPS://login.example";
    expect(await failure({ issuer, jwks_uri: "http://127.0.0.1/keys" }, { keys: [] }, issuer)).toBe(
      "Its jwks_uri is not https.",
    );
    await fetchKeySet({ issuer }, issuerWith({ issuer, jwks_uri: "Https://keys.example" }, { keys: [] }).fetchJson);
  });
});

describe("a key set", () => {
  const discovery = { issuer: ISSUER, jwks_uri: KEYS };
  const deep = JSON.parse(`{"kty":"EC","x":${"[".repeat(400_000)}${"]".repeat(400_000)}}`);

  it.each([
    ["null", null],
    ["a list", []],
    ["without keys", {}],
    ["with other keys", { keys: {} }],
  ] satisfies [string, JsonValue][])("%s is malformed", async (_, keySet) => {
    expect(await failure(discovery, keySet)).toBe("Its key set is malformed.");
  });

  it.each<[string, JsonValue]>([
    ["is no object", 1],
    ["is null", null],
    ["is a list", [1]],
    ["is empty", {}],
    ["is of an unknown kind", { kty: "QUANTUM", kid: "good" }],
    ["lacks a part", { kty: "EC", crv: "P-256", x: "AA" }],
    ["is on no curve", { kty: "EC", crv: "P-256", x: "AA", y: "AA" }],
    ["is a secret", { kty: "oct", k: "c2VjcmV0" }],
    ["is nested without end", deep],
    ["is a key, but for a member that is", { ...GOOD, more: deep.x }],
    ["is there twice", GOOD],
  ])("loses an entry that %s, and no other", async (_, entry) => {
    const keys = [entry, GOOD, ...Array.from({ length: 200 }, () => entry)];
    const set = await fetchKeySet({ issuer: ISSUER }, issuerWith(discovery, { keys }).fetchJson);
    expect(await set.find({ alg: "ES256", kid: undefined })).toBeDefined();
    expect(await set.find({ alg: "ES256", kid: "good" })).toBeDefined();
  });

  it("has no key that is meant if two share a name", async () => {
    const keys = [GOOD, await newKey()];
    const set = await fetchKeySet({ issuer: ISSUER }, issuerWith(discovery, { keys }).fetchJson);
    expect(await set.find({ alg: "ES256", kid: "good" })).toBeUndefined();
  });

  it("has 100 keys at most, and 1000 entries", async () => {
    const keys = Array.from({ length: 101 }, (_, index) => ({ ...GOOD, kid: `${index}` }));
    expect(await failure(discovery, { keys })).toBe("Its key set has too many keys.");
    const entries = [...keys.slice(1), ...Array.from({ length: 900 }, () => null)];
    await fetchKeySet({ issuer: ISSUER }, issuerWith(discovery, { keys: entries }).fetchJson);
    expect(await failure(discovery, { keys: [...entries, null] })).toBe("Its key set has too many entries.");
  });

  it("has no key that cannot be imported", async () => {
    const keys = [
      { kty: "EC", crv: "P-256", x: "AA", y: "AA", kid: "broken" },
      { kty: "oct", k: "c2VjcmV0", kid: "symmetric" },
    ];
    const set = await fetchKeySet({ issuer: ISSUER }, issuerWith(discovery, { keys }).fetchJson);
    expect(await set.find({ alg: "ES256", kid: "broken" })).toBeUndefined();
    expect(await set.find({ alg: "HS256", kid: "symmetric" })).toBeUndefined();
    expect(await set.find({ alg: "ES256", kid: "unknown" })).toBeUndefined();
  });
});
