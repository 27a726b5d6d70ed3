import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { remoteAddress, trustedProxies } from "../../src/wire/remote-address.ts";

const isTrusted = trustedProxies(["10.0.0.0/8", "192.0.2.1", "fd00::/8"]);
const told = (socket: string | undefined, xForwardedFor?: string, forwarded?: string) =>
  remoteAddress(socket, { forwarded, xForwardedFor }, isTrusted);

describe("the remote address", () => {
  it.each([
    ["a socket that is no proxy's, whatever it says", "198.51.100.1", "203.0.113.9", "203.0.113.9", "198.51.100.1"],
    ["a proxy's that says nothing", "10.1.1.1", undefined, undefined, "10.1.1.1"],
    ["one hop", "10.1.1.1", "203.0.113.9", undefined, "203.0.113.9"],
    ["the last hop that is no proxy's", "10.1.1.1", "1.1.1.1, 203.0.113.9, 10.2.2.2", undefined, "203.0.113.9"],
    ["nothing but proxies", "10.1.1.1", "10.3.3.3,10.2.2.2", undefined, "10.3.3.3"],
    ["a hop that is no address", "10.1.1.1", "203.0.113.9, unknown, 10.2.2.2", undefined, "10.2.2.2"],
    ["an empty list", "10.1.1.1", "", undefined, "10.1.1.1"],
    ["IPv4 in IPv6", "::ffff:10.1.1.1", "::ffff:203.0.113.9", undefined, "203.0.113.9"],
    ["IPv6 with its port", "fd00::1", "[2001:db8::7]:443", undefined, "2001:db8::7"],
    ["IPv4 with its port", "10.1.1.1", "203.0.113.9:443", undefined, "203.0.113.9"],
    ["Forwarded", "10.1.1.1", undefined, 'for=203.0.113.9;proto=https, For="[fd00::2]:80"', "203.0.113.9"],
    ["Forwarded with a name that hides", "10.1.1.1", undefined, "for=203.0.113.9, for=_hidden", "10.1.1.1"],
    ["Forwarded with commas in quotes", "10.1.1.1", undefined, 'for=203.0.113.9;host="a,for=6.6.6.6"', "203.0.113.9"],
    ["Forwarded with for in quotes", "10.1.1.1", undefined, 'host="x;for=6.6.6.6";for=203.0.113.9', "203.0.113.9"],
    ["Forwarded with escapes", "10.1.1.1", undefined, 'host="\\",for=6.6.6.6,a=\\"";for="203.0.113.9"', "203.0.113.9"],
    ["Forwarded with two in one element", "10.1.1.1", undefined, "for=6.6.6.6;for=203.0.113.9", "10.1.1.1"],
    ["Forwarded with an open quote", "10.1.1.1", undefined, 'for="6.6.6.6, for=203.0.113.9', "10.1.1.1"],
    ["Forwarded without a name", "10.1.1.1", undefined, "for=6.6.6.6, 203.0.113.9", "10.1.1.1"],
    ["both, alike", "10.1.1.1", "203.0.113.9", "proto=https;for=203.0.113.9", "203.0.113.9"],
    ["both, of which a client may have written one", "10.1.1.1", "203.0.113.9", "for=198.51.100.1", "10.1.1.1"],
    ["a socket without an address", undefined, "203.0.113.9", undefined, undefined],
  ])("of %s", (_, socket, xForwardedFor, forwarded, address) => {
    expect(told(socket, xForwardedFor, forwarded)).toBe(address);
  });

  it("is never what a client wrote into quotes of Forwarded", () => {
    fc.assert(
      fc.property(fc.string(), fc.ipV4(), (written, real) => {
        fc.pre(!isTrusted(real));
        const host = written.replace(/["\\]/g, "\\$&");
        for (const field of [`for=${real};host="${host}"`, `host="${host}";for=${real}`])
          expect(told("10.1.1.1", undefined, field)).toBe(real);
      }),
    );
  });

  it("takes a long field in the time that it takes to read it", () => {
    for (const filler of [" ", "\t ;", ",", "a=b;", '"', "\\"]) {
      expect(told("10.1.1.1", undefined, `for=1.1.1.1${filler.repeat(100_000)}!`)).toMatch(/^(10|1)\.1\.1\.1$/);
    }
  });

  it("is never what a client wrote before what a trusted proxy appended", () => {
    fc.assert(
      fc.property(fc.string(), fc.ipV4(), (written, real) => {
        fc.pre(!isTrusted(real));
        expect(told("10.1.1.1", `${written}, ${real}`)).toBe(real);
      }),
    );
  });
});
