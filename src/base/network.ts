import { BlockList, isIPv4, isIPv6 } from "node:net";

/** The network of an address. `reserved`: link-local, multicast, documentation, and others that no authority uses. */
export type Network = "public" | "private" | "loopback" | "reserved";

type Subnets = readonly (readonly [address: string, prefix: number])[];

/** Private networks (RFC 1918), and shared address space (RFC 6598), which companies use in the same way. */
const PRIVATE_V4 = blockList("ipv4", [
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
]);

/** The other special-purpose blocks of IANA's registry that are not reached over the internet. */
const RESERVED_V4 = blockList("ipv4", [
  ["0.0.0.0", 8],
  ["169.254.0.0", 16],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
]);

/** Global unicast addresses, and the exceptions: protocols, documentation, and embedded IPv4 addresses (6to4). */
const UNICAST_V6 = blockList("ipv6", [["2000::", 3]]);
const RESERVED_V6 = blockList("ipv6", [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
]);
const PRIVATE_V6 = blockList("ipv6", [["fc00::", 7]]);

/** NAT64 (RFC 6052): the last 32 bits are the IPv4 address that it leads to. */
const NAT64 = /^\[64:ff9b::(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})\]$/;

/**
 * The network of an IP address, without brackets. IPv4-mapped IPv6 addresses are reserved, as no name needs one. So is
 * any text that is not an address.
 */
export function networkOf(address: string): Network {
  if (isIPv4(address)) return networkOfV4(address);
  return isIPv6(address) && !address.includes("%") ? networkOfV6(address) : "reserved";
}

function networkOfV4(address: string): Network {
  if (address.startsWith("127.")) return "loopback";
  if (PRIVATE_V4.check(address)) return "private";
  return RESERVED_V4.check(address) ? "reserved" : "public";
}

function networkOfV6(address: string): Network {
  const normal = new URL(`http://[${address}]`).hostname;
  if (normal === "[::1]") return "loopback";
  const [, high = "0", low] = NAT64.exec(normal) ?? [];
  if (low !== undefined) return networkOfV4(dotted(Number.parseInt(high, 16), Number.parseInt(low, 16)));
  if (PRIVATE_V6.check(address, "ipv6")) return "private";
  return UNICAST_V6.check(address, "ipv6") && !RESERVED_V6.check(address, "ipv6") ? "public" : "reserved";
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

function blockList(family: "ipv4" | "ipv6", subnets: Subnets): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, family);
  return list;
}
