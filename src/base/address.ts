import { isIPv4, isIPv6 } from "node:net";

/** Where a server listens. */
export interface Address {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Parses `host:port`, with IPv6 in brackets and a port from 0 to 65535. Returns undefined for any other text. */
export function parseAddress(text: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(0|[1-9][0-9]{0,4})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return undefined;
  if (bracketed !== undefined) return isPlainIPv6(bracketed) ? { host: bracketed, port } : undefined;
  return plain !== undefined && (isIPv4(plain) || isHostName(plain)) ? { host: plain, port } : undefined;
}

/** Formats `host:port` for {@link parseAddress} or a URL. */
export function formatAddress({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine can reach it. Takes a host as in a URL or in an {@link Address}. */
export function isLoopback(host: string): boolean {
  const name = withoutBrackets(host).toLowerCase();
  if (isIPv4(name)) return name.startsWith("127.");
  return name === "localhost" || name === "::1" || /^(?:0{1,4}:){7}0{0,3}1$/.test(name);
}

/** Whether it means all addresses of the machine, so that nobody can call it by that name. */
export function isWildcard(host: string): boolean {
  const name = withoutBrackets(host);
  return name === "0.0.0.0" || (isIPv6(name) && /^[0:]+$/.test(name));
}

/** Whether it is an IP address, or a network in CIDR notation other than the whole internet. */
export function isNetwork(text: string): boolean {
  const [, address = "", prefix] = /^([^/]*)(?:\/([1-9][0-9]{0,2}))?$/.exec(text) ?? [];
  const longest = isIPv4(address) ? 32 : isPlainIPv6(address) ? 128 : 0;
  return longest > 0 && Number(prefix ?? longest) <= longest;
}

/**
 * The part of an address that one caller can be expected to hold: the first 64 bits of IPv6, as every host may choose the
 * rest. An IPv4-mapped address is its IPv4 address.
 */
export function hostNetwork(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  const all = [...groups, ...Array<string>(zeros).fill("0"), ...after];
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/** Excludes zones (`%eth0`), which no URL can carry. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes("%");
}

/** RFC 1123 section 2.1, except names whose last part is a number, which URLs read as IPv4 addresses. */
function isHostName(text: string): boolean {
  const labels = text.split(".");
  const wellFormed = labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
  return wellFormed && text.length <= 253 && !/^[0-9]+$/.test(labels.at(-1) ?? "") && URL.canParse(`http://${text}`);
}
