import { describe, expect, it } from "vitest";
import { fetchKeySet } from "../../src/authorities/key-set.ts";
import { AuthorityUnavailableError } from "../../src/authorities/port.ts";
import type { JsonValue } from "../../src/token/json.ts";

const ISSUER = "https://login.example";
const KEYS = "https://keys.example/all?of=them";

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
  const error = await fetchKeySet(issuer, issuerWith(discovery, keySet).fetchJson).catch((reason: unknown) => reason);
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
    await fetchKeySet(issuer, fetchJson);
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

describe("a key set", () => {
  const discovery = { issuer: ISSUER, jwks_uri: KEYS };
  const deep = JSON.parse(`{"keys":[{"x":${"[".repeat(400_000)}${"]".repeat(400_000)}}]}`);

  it.each([
    ["null", null],
    ["a list", []],
    ["without keys", {}],
    ["with other keys", { keys: {} }],
    ["with a key that is none", { keys: [1] }],
    ["that is nested without end", deep],
  ] satisfies [string, JsonValue][])("%s is malformed", async (_, keySet) => {
    expect(await failure(discovery, keySet)).toBe("Its key set is malformed.");
  });

  it("has 100 keys at most", async () => {
    const keys = Array.from({ length: 101 }, (_, index) => ({ kty: "EC", kid: `${index}` }));
    expect(await failure(discovery, { keys })).toBe("Its key set has too many keys.");
    await fetchKeySet(ISSUER, issuerWith(discovery, { keys: keys.slice(1) }).fetchJson);
  });

  it("has no key that cannot be imported", async () => {
    const keys = [
      { kty: "EC", crv: "P-256", x: "AA", y: "AA", kid: "broken" },
      { kty: "oct", k: "c2VjcmV0", kid: "symmetric" },
    ];
    const set = await fetchKeySet(ISSUER, issuerWith(discovery, { keys }).fetchJson);
    expect(await set.find({ alg: "ES256", kid: "broken" })).toBeUndefined();
    expect(await set.find({ alg: "HS256", kid: "symmetric" })).toBeUndefined();
    expect(await set.find({ alg: "ES256", kid: "unknown" })).toBeUndefined();
  });
});
