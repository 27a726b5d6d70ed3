import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { doubtOf } from "../../src/registry/plain-secret.ts";
import { hashSecret } from "../../src/registry/secret.ts";
import { fileWorld, PLAIN_SECRET, problemsOf, SECRET } from "../config/context.ts";

/** The problems of a variable that is a client's secret and an operator's. */
function faultsWith(secret: string): readonly string[] {
  const secrets = ["env:A_SECRET"];
  const yaml = JSON.stringify({
    operators: { alice: { secrets, tenants: "*" } },
    tenants: { acme: { clients: { web: { secrets } } } },
  });
  return problemsOf(fileWorld(yaml, { A_SECRET: secret }));
}

describe("a secret in a variable", () => {
  test.each([
    ["correct-horse-battery\n", "be printable ASCII: it contains another character, such as a newline at its end"],
    ["correct-horse\tbattery", "be printable ASCII"],
    ["correct-horse-bättery", "be printable ASCII"],
    ["\u{feff}correct-horse-battery", "be printable ASCII"],
    ["correct-horse-\u{7f}battery", "be printable ASCII"],
    ["fifteen-letters", "have at least 16 characters"],
    ["Zx9", "have at least 16 characters"],
    [`$${"{WEB_SECRET_OF_ACME}"}`, "be a real secret, not a placeholder"],
    ["{{ vault.web_secret }}", "be a real secret, not a placeholder"],
    ["<your secret goes here>", "be a real secret, not a placeholder"],
    ["$(cat /run/secrets/web)", "be a real secret, not a placeholder"],
    ["aaaaaaaaaaaaaaaaaaaaaaaa", "be a real secret, not one repeated character"],
  ])("that cannot be meant is refused, for clients and operators alike: %j", (secret, expected) => {
    const problems = faultsWith(secret);
    expect(problems).toEqual([
      expect.stringContaining(`operators.alice.secrets[0]: expected the variable A_SECRET to ${expected}`),
      expect.stringContaining(`tenants.acme.clients.web.secrets[0]: expected the variable A_SECRET to ${expected}`),
    ]);
    expect(problems.join()).not.toContain(secret);
  });

  test("is taken if it is 16 printable characters or more", () => {
    expect(faultsWith("sixteen letters!")).toEqual([]);
    const generated = fc.uint8Array({ minLength: 12, maxLength: 48 }).filter((bytes) => new Set(bytes).size > 1);
    fc.assert(
      fc.property(
        generated,
        fc.constantFrom("hex" as const, "base64" as const, "base64url" as const),
        (bytes, form) => {
          expect(doubtOf(Buffer.from(bytes).toString(form))).toBeUndefined();
        },
      ),
    );
  });
});

describe("a secret in a file", () => {
  const yaml = JSON.stringify({ tenants: { acme: { clients: { web: { secrets: ["file:secrets/web"] } } } } });
  const withText = (text: string) => fileWorld(yaml, {}, { "/srv/secrets/web": text });
  const place = "tenants.acme.clients.web.secrets[0]: ";

  test.each(["", "\n", "\r\n"])("may end in an end of line: %j", (end) => {
    const web = loadConfig(withText(`${PLAIN_SECRET}${end}`))
      .tenants.get("acme")
      ?.clients.get("web");
    expect(web?.secrets).toEqual([hashSecret(PLAIN_SECRET)]);
  });

  test("is held to the same rules as one in a variable", () => {
    const told = `${place}expected the file secrets/web to`;
    expect(problemsOf(withText(`${PLAIN_SECRET}\n\n`))).toEqual([
      expect.stringContaining(`${told} be printable ASCII`),
    ]);
    expect(problemsOf(withText("too short\n"))).toEqual([`${told} have at least 16 characters`]);
    expect(loadConfig(withText(`${PLAIN_SECRET}+`)).warnings).toEqual([
      expect.stringContaining(`${place}the file secrets/web has a + or %`),
    ]);
  });

  test("is missed", () => {
    const missing = `${place}the file secrets/web is missing or empty, or may not be read`;
    expect(problemsOf(withText("\n"))).toEqual([missing]);
    expect(problemsOf(fileWorld(yaml))).toEqual([missing]);
  });
});

describe("a hash in a configuration file", () => {
  /** Hashes of "secret", of the other development secret and of nothing. */
  const PUBLIC = [
    "sha256:K7gNU3sdo-OL0wNhqoVWhr3g6s1xYv72ol_pe_Unols",
    "sha256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
  ];

  test.each(PUBLIC)("of a secret that everybody knows is refused: %s", (hash) => {
    const yaml = JSON.stringify({
      operators: { alice: { secrets: [hash], tenants: "*" } },
      tenants: { acme: { clients: { web: { secrets: [SECRET, hash] } } } },
    });
    const told = "expected a secret that nobody else knows: this is the hash of a well-known one";
    expect(problemsOf(fileWorld(yaml))).toEqual([
      `operators.alice.secrets[0]: ${told}`,
      `tenants.acme.clients.web.secrets[1]: ${told}`,
    ]);
  });
});
