import { describe, expect, it } from "vitest";
import { OAuthError } from "../../src/engine/errors.ts";

describe("the reason of a refusal", () => {
  it.each([
    ["The scope 'eyJhbGciOi' was not granted.", "The scope '…' was not granted."],
    ["The arbitrary claim: 'a' b 'c' is not allowed.", "The arbitrary claim: '…' is not allowed."],
    ["'eyJhbGciOi' is not the client's.", "'…' is not the client's."],
    ["The id_token's subject is not the client's.", "The id_token's subject is not the client's."],
    [`The issuer '${"secret".repeat(300)}' is not allowed.`, "The issuer '…' is not allowed."],
    ["An open 'secret", "An open '…'"],
  ])("has nothing that a caller wrote: %.40s", (message, reason) => {
    const refusal = new OAuthError("invalid_request", message);
    expect(refusal.reason).toBe(reason);
    expect(refusal.message).toBe(message.slice(0, 1024));
  });
});
