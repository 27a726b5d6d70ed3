import { describe, expect, it } from "vitest";
import { isReservedClaim } from "../../src/token/reserved-claims.ts";

describe("reserved claims", () => {
  it.each(["aud", "AUD", "Sub", "client_namespace", "custom_payload", "my_mark", "MY_MARK", "ſub"])(
    "owns %s",
    (name) => {
      expect(isReservedClaim(name, "my_mark")).toBe(true);
    },
  );

  it.each([
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod",
  ])("owns the .NET name %s", (name) => {
    expect(isReservedClaim(name, "client_namespace")).toBe(true);
  });

  it.each(["role", "constructor", "__proto__", "toString", "subject", "", "aud "])(
    "leaves %j to the caller",
    (name) => {
      expect(isReservedClaim(name, "client_namespace")).toBe(false);
    },
  );
});
