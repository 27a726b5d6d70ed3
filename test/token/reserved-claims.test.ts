import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isReservedClaim, RESERVED_CLAIMS } from "../../src/token/reserved-claims.ts";

describe("reserved claims", () => {
  it.each([
    ..."scp nameid authmethod acr act may_act events sub_id toe txn tctx rctx req_wl status authorization_details".split(
      " ",
    ),
    "http://schemas.microsoft.com/identity/claims/scope",
    "http://schemas.microsoft.com/identity/claims/identityprovider",
    "http://schemas.microsoft.com/claims/authnmethodsreferences",
    ...[
      "aud ",
      " aud",
      "\tname",
      "na\u0000me",
      "name\n",
      "\uff53\uff55\uff42",
      "sco\u2028pe",
      "\u00a0name",
      "A\uff43t",
    ],
    ...["sub\u200b", "a\u200bct", "sc\u00adp", "s\ufeffub", "\u2060act", "\u202etca", "act\ufe0f", "act\u3164"],
    ...[
      "act\u2800",
      "act\u180e",
      "act\u200d",
      "act\u{e0020}",
      "name\u200b",
      "_sd",
      "\u0130ss",
      "auth_t\u0130me",
      "cl\u0131ent_id",
    ],
  ])("keeps %j from the caller", (name) => {
    expect(isReservedClaim(name, "client_namespace")).toBe(true);
  });

  it("keeps every reserved name from the caller, whatever the case or width of its letters or the blanks about it", () => {
    const forms = fc.constantFrom<(letter: string) => string>(
      (letter) => letter,
      (letter) => letter.toUpperCase(),
      (letter) => (/[!-~]/.test(letter) ? String.fromCharCode(letter.charCodeAt(0) + 0xfee0) : letter),
    );
    const disguised = fc
      .constantFrom(...RESERVED_CLAIMS)
      .chain((name) => fc.tuple(...[...name].map((letter) => forms.map((form) => form(letter)))))
      .map((letters) => letters.join(""));
    const blank = fc.constantFrom("", " ", "\t", "\u00a0", "\u3000", "\u200b", "\u00ad", "\u2800");
    const unseen = fc.constantFrom("", "\u200b", "\u00ad", "\u202e", "\u{e0020}", "\u3164");
    fc.assert(
      fc.property(blank, disguised, fc.nat(), unseen, blank, (before, name, at, within, after) => {
        const cut = at % (name.length + 1);
        expect(
          isReservedClaim(before + name.slice(0, cut) + within + name.slice(cut) + after, "client_namespace"),
        ).toBe(true);
      }),
    );
  });

  it("leaves what a client is allowed by name, in no other form", () => {
    const allowed = new Set(["acr"]);
    expect(isReservedClaim("acr", "client_namespace", allowed)).toBe(false);
    for (const name of ["ACR", "\uff41cr", "scp"])
      expect(isReservedClaim(name, "client_namespace", allowed)).toBe(true);
  });

  it("keeps role, and its URI, for the caller", () => {
    for (const name of ["role", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"])
      expect(isReservedClaim(name, "client_namespace")).toBe(false);
  });

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

  it.each(["role", "constructor", "__proto__", "toString", "subject", "", "name", "email", "upn"])(
    "leaves %j to the caller",
    (name) => {
      expect(isReservedClaim(name, "client_namespace")).toBe(false);
    },
  );
});
