import { describe, expect, it, test } from "vitest";
import { isAuthorityUrl, isIssuerUrl, joinUrl, normalizeUrl } from "../../src/base/url.ts";

describe("joinUrl", () => {
  it.each([
    ["https://mint.example", "resources", "https://mint.example/resources"],
    ["https://mint.example/", "resources", "https://mint.example/resources"],
    ["https://mint.example//", "/resources", "https://mint.example/resources"],
    ["https://mint.example/acme/", "/.well-known/jwks.json", "https://mint.example/acme/.well-known/jwks.json"],
  ])("puts one slash between %s and %s", (base, path, url) => {
    expect(joinUrl(base, path)).toBe(url);
  });
});

describe("URLs", () => {
  test.each(["https://a.example", "http://a.example:1/x/", "https://[::1]/"])("%s can be an issuer", (url) =>
    expect(isIssuerUrl(url)).toBe(true),
  );

  test.each([
    "",
    "a",
    "ftp://a",
    "https://a?",
    "https://a?x=1",
    "https://a#",
    "https://u:p@a",
    "https://u@a",
    "https:// a",
    " https://a",
  ])("%j cannot", (url) => expect(isIssuerUrl(url)).toBe(false));

  test("an authority's is https, or on loopback", () => {
    expect(["https://a", "http://127.0.0.1:1", "http://localhost", "http://[::1]:2"].every(isAuthorityUrl)).toBe(true);
    expect(["http://a", "http://10.0.0.1", "https://a?x"].some(isAuthorityUrl)).toBe(false);
  });

  test("the normal form has no slash at the end", () => {
    expect(normalizeUrl("HTTPS://A.example:443//")).toBe("https://a.example");
    expect(normalizeUrl("https://a.example/Mint/")).toBe("https://a.example/Mint");
    expect(normalizeUrl("not a url/")).toBe("not a url");
  });
});
