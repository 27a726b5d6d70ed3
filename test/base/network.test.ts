import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { networkOf } from "../../src/base/network.ts";

describe("an address", () => {
  it.each([
    "8.8.8.8",
    "1.1.1.1",
    "172.15.0.1",
    "172.32.0.1",
    "223.255.255.255",
    "2a00:1450:4001:830::200e",
    "2606:4700::1111",
    "64:ff9b::8.8.8.8",
  ])("%s is public", (address) => expect(networkOf(address)).toBe("public"));

  it.each([
    "10.0.0.1",
    "100.64.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "fc00::1",
    "fdff::1",
    "64:ff9b::10.0.0.1",
  ])("%s is private", (address) => expect(networkOf(address)).toBe("private"));

  it.each(["127.0.0.1", "127.255.255.255", "::1", "0:0:0:0:0:0:0:1", "64:ff9b::7f00:1"])("%s is loopback", (address) =>
    expect(networkOf(address)).toBe("loopback"),
  );

  it.each([
    ...["0.0.0.0", "169.254.169.254", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255"],
    ...["::", "::2", "fe80::1", "febf::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "3fff::1"],
    ...["64:ff9b::1", "64:ff9b:1::1", "::127.0.0.1", "fe80::1%eth0", "login.example", "", "127.1", "[::1]"],
  ])("%s is reserved", (address) => expect(networkOf(address)).toBe("reserved"));

  it("in IPv6's clothes is nowhere, however it is written", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(networkOf(`::ffff:${address}`)).toBe("reserved");
        expect(networkOf(`0:0:0:0:0:FFFF:${address}`)).toBe("reserved");
        expect(networkOf(`::${address}`)).toMatch(/^(reserved|loopback)$/);
        expect(networkOf(`64:ff9b::${address}`)).toBe(networkOf(address));
      }),
    );
  });
});
