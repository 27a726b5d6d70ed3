import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatHash, formatSha256, hashSecret, MAX_SCRYPT_COST, parseSecret } from "../../src/registry/secret.ts";
import type { SecretHash } from "../../src/registry/tenant.ts";

describe("secrets", () => {
  const salt = "c2FsdHNhbHRzYWx0c2FsdA";
  const digest = Buffer.alloc(32, 7).toString("base64").replace(/=+$/, "");
  const phc = (parameters: string) => `scrypt:$scrypt$${parameters}$${salt}$${digest}`;

  test("any SHA-256 is read back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const hash = { kind: "sha256", digest: bytes } as const;
        expect(parseSecret(formatSha256(bytes))).toEqual(hash);
        expect(formatHash(hash)).toBe(formatSha256(bytes));
      }),
    );
  });

  test("a PHC string is read", () => {
    const hash = { kind: "scrypt", logN: 15, r: 8, p: 1, salt: Uint8Array.from(Buffer.from(salt, "base64")) };
    const read = parseSecret(phc("ln=15,r=8,p=1"));
    expect(read).toEqual({ ...hash, digest: new Uint8Array(32).fill(7) });
    expect(formatHash(read as SecretHash)).toBe(phc("ln=15,r=8,p=1"));
  });

  test("the variable's name is read", () => {
    expect(parseSecret("env:WEB_SECRET")).toEqual({ kind: "env", name: "WEB_SECRET" });
  });

  test.each(["/run/secrets/web", "secrets/the web's", "C:\\secrets\\web"])("the file's path is read: %s", (name) => {
    expect(parseSecret(`file:${name}`)).toEqual({ kind: "file", name });
  });

  test.each(["ln=17,r=8,p=1", "ln=14,r=8,p=5", "ln=10,r=1,p=1"])("%s is within bounds", (parameters) =>
    expect(parseSecret(phc(parameters))).toBeDefined(),
  );

  test.each([
    "ln=18,r=8,p=1",
    "ln=17,r=8,p=2",
    "ln=9,r=8,p=1",
    "ln=16,r=1,p=1",
    "ln=30,r=1,p=1",
    "ln=15,r=0,p=1",
    "ln=15,r=8",
    "r=8,ln=15,p=1",
    "ln=15,r=99,p=99",
  ])("%s is refused", (parameters) => expect(parseSecret(phc(parameters))).toBeUndefined());

  test.each([
    "",
    "secret",
    "sha256:",
    `sha256:${Buffer.alloc(31).toString("base64url")}`,
    `sha256:${Buffer.alloc(32).toString("base64url")}=`,
    `sha256:${"A".repeat(42)}B`,
    `sha256:${Buffer.alloc(32, 255).toString("base64").replace("=", "")}`,
    `scrypt:$scrypt$ln=15,r=8,p=1$c2FsdA$${digest}`,
    `scrypt:$scrypt$ln=15,r=8,p=1$${salt}$YQ`,
    `scrypt:$argon2id$ln=15,r=8,p=1$${salt}$${digest}`,
    "env:",
    "env:1A",
    "env:A-B",
    "env:MINTMARK_KEY_ENCRYPTION_KEY",
    "file:",
    "file:a\nb",
  ])("%j is none", (text) => expect(parseSecret(text)).toBeUndefined());

  test("whatever scrypt is taken costs no more than the bound", () => {
    const number = fc.integer({ min: 0, max: 120 });
    fc.assert(
      fc.property(number, number, number, (ln, r, p) => {
        const hash = parseSecret(phc(`ln=${ln},r=${r},p=${p}`));
        expect(hash === undefined || 2 ** ln * r * p <= MAX_SCRYPT_COST).toBe(true);
      }),
    );
  });

  test("plain text is never taken", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^(sha256|scrypt|env|file):/.test(text));
        expect(parseSecret(text)).toBeUndefined();
      }),
    );
  });

  test("plain text is hashed as UTF-8", () => {
    expect(hashSecret("abc")).toEqual({
      kind: "sha256",
      digest: Uint8Array.from(Buffer.from("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "hex")),
    });
  });
});
