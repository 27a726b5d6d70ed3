import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAddress, isLoopback, isWildcard, parseAddress } from "../../src/config/address.ts";
import { MAX_DURATION, parseDuration } from "../../src/config/duration.ts";
import { formatSha256, hashSecret, MAX_SCRYPT_COST, parseSecret } from "../../src/config/secret.ts";
import { isAuthorityUrl, isIssuerUrl, normalizeUrl } from "../../src/config/url.ts";
import { nearest } from "../../src/token/nearest.ts";

describe("durations", () => {
  test.each([
    ["90s", 90],
    ["15m", 900],
    ["12h", 43_200],
    ["30d", 2_592_000],
    ["0s", 0],
    ["3650d", MAX_DURATION],
    [3600, 3600],
  ])("%j is %d seconds", (value, seconds) => expect(parseDuration(value)).toBe(seconds));

  test.each(["", "15", "m", "1.5h", "-1s", "01s", " 1s", "1s ", "1S", "1w", "3651d", "999999999d", "1e3s"])(
    "%j is none",
    (value) => expect(parseDuration(value)).toBeUndefined(),
  );

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_DURATION + 1])("%d is none", (value) =>
    expect(parseDuration(value)).toBeUndefined(),
  );

  test("a count and a unit multiply", () => {
    fc.assert(
      fc.property(fc.nat(MAX_DURATION * 2), fc.constantFrom("s", "m", "h", "d"), (count, unit) => {
        const seconds = count * { s: 1, m: 60, h: 3600, d: 86_400 }[unit];
        expect(parseDuration(`${count}${unit}`)).toBe(seconds <= MAX_DURATION ? seconds : undefined);
      }),
    );
  });

  test("any text is seconds within bounds, or none", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const seconds = parseDuration(text) ?? 0;
        expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_DURATION).toBe(true);
      }),
    );
  });
});

describe("addresses", () => {
  test.each([
    ["127.0.0.1:7001", "127.0.0.1", 7001],
    ["localhost:0", "localhost", 0],
    ["[::1]:65535", "::1", 65_535],
    ["[fe80::1]:1", "fe80::1", 1],
    ["mint-1.example.com:443", "mint-1.example.com", 443],
  ])("%j", (text, host, port) => expect(parseAddress(text)).toEqual({ host, port }));

  test.each([
    "",
    "7001",
    ":7001",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "127.0.0.1:07",
    "127.0.0.1:-1",
    "::1:7001",
    "[::1]",
    "[127.0.0.1]:1",
    "[fe80::1%eth0]:1",
    "256.0.0.1:1",
    "127.1:1",
    "a_b:1",
    "-a:1",
    "http://a:1",
    "a:1\n",
  ])("%j is none", (text) => expect(parseAddress(text)).toBeUndefined());

  test("what is read is written the same, and is part of a URL", () => {
    const host = fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.domain(),
    );
    fc.assert(
      fc.property(host, fc.nat(65_535), (name, port) => {
        const address = parseAddress(`${name}:${port}`);
        fc.pre(address !== undefined);
        expect(formatAddress(address)).toBe(`${name}:${port}`);
        expect(URL.canParse(`http://${formatAddress(address)}`)).toBe(true);
      }),
    );
  });

  test("no text makes it throw", () => {
    fc.assert(fc.property(fc.string(), (text) => parseAddress(text) === undefined || text.includes(":")));
  });

  test.each(["127.0.0.1", "127.9.8.7", "localhost", "LOCALHOST", "::1", "[::1]", "0:0:0:0:0:0:0:1"])(
    "%s is loopback",
    (host) => expect(isLoopback(host)).toBe(true),
  );

  test.each(["0.0.0.0", "128.0.0.1", "127.example.com", "127.0.0.1.example.com", "localhost.example.com", "::", "::2"])(
    "%s is not loopback",
    (host) => expect(isLoopback(host)).toBe(false),
  );

  test.each(["0.0.0.0", "::", "[::]", "0:0:0:0:0:0:0:0"])("%s is a wildcard", (host) =>
    expect(isWildcard(host)).toBe(true),
  );

  test.each(["127.0.0.1", "::1", "0.example.com"])("%s is no wildcard", (host) => expect(isWildcard(host)).toBe(false));
});

describe("secrets", () => {
  const salt = "c2FsdHNhbHRzYWx0c2FsdA";
  const digest = Buffer.alloc(32, 7).toString("base64").replace(/=+$/, "");
  const phc = (parameters: string) => `scrypt:$scrypt$${parameters}$${salt}$${digest}`;

  test("any SHA-256 is read back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(parseSecret(formatSha256(bytes))).toEqual({ kind: "sha256", digest: bytes });
      }),
    );
  });

  test("a PHC string is read", () => {
    const hash = { kind: "scrypt", logN: 15, r: 8, p: 1, salt: Uint8Array.from(Buffer.from(salt, "base64")) };
    expect(parseSecret(phc("ln=15,r=8,p=1"))).toEqual({ ...hash, digest: new Uint8Array(32).fill(7) });
  });

  test("the variable's name is read", () => {
    expect(parseSecret("env:WEB_SECRET")).toEqual({ kind: "env", name: "WEB_SECRET" });
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
        fc.pre(!/^(sha256|scrypt|env):/.test(text));
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

describe("the nearest name", () => {
  test.each([
    ["acessTokenLifetime", "accessTokenLifetime"],
    ["access_token_lifetime", "accessTokenLifetime"],
    ["SECRETS", "secrets"],
    ["secret", "secrets"],
  ])("of %s is %s", (name, known) =>
    expect(nearest(name, ["grants", "secrets", "accessTokenLifetime", "idTokenLifetime"])).toBe(known),
  );

  test("there is none of what is like nothing", () => {
    expect(nearest("colour", ["grants", "secrets"])).toBeUndefined();
  });
});
