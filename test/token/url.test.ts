import { describe, expect, it } from "vitest";
import { joinUrl } from "../../src/token/url.ts";

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
