import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAddress, isLoopback, isWildcard, parseAddress } from "../../src/base/address.ts";

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
