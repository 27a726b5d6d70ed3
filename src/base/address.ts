import { isIPv4, isIPv6 } from "node:net";

/** Where a server listens. */
export interface Address {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** The parts of `host:port`: IPv6 in brackets, port 0 to 65535. Undefined if it is none. */
export function parseAddress(text: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(0|[1-9][0-9]{0,4})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return undefined;
  if (bracketed !== undefined) return isPlainIPv6(bracketed) ? { host: bracketed, port } : undefined;
  return plain !== undefined && (isIPv4(plain) || isHostName(plain)) ? { host: plain, port } : undefined;
}

/** `host:port`, as {@link parseAddress} reads it and as a URL has it. */
export function formatAddress({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether nothing but this machine can reach it. The host is as a URL or an {@link Address} has it. */
export function isLoopback(host: string): boolean {
  const name = withoutBrackets(host).toLowerCase();
  if (isIPv4(name)) return name.startsWith("127.");
  return name === "localhost" || name === "::1" || /^(?:0{1,4}:){7}0{0,3}1$/.test(name);
}

/** Whether it stands for all addresses of the machine, so that nobody can call it by that name. */
export function isWildcard(host: string): boolean {
  const name = withoutBrackets(host);
  return name === "0.0.0.0" || (isIPv6(name) && /^[0:]+$/.test(name));
}

/** Whether it is an IP address, or a network in CIDR notation that does not hold every address. */
export function isNetwork(text: string): boolean {
  const [, address = "", prefix] = /^([^/]*)(?:\/([1-9][0-9]{0,2}))?$/.exec(text) ?? [];
  const longest = isIPv4(address) ? 32 : isPlainIPv6(address) ? 128 : 0;
  return longest > 0 && Number(prefix ?? longest) <= longest;
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/** Without a zone (`%eth0`), which no URL can carry. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes("%");
}

/** RFC 1123 section 2.1. A name whose last part is a number would be read as an IPv4 address, and every name is part of a URL. */
function isHostName(text: string): boolean {
  const labels = text.split(".");
  const wellFormed = labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
  return wellFormed && text.length <= 253 && !/^[0-9]+$/.test(labels.at(-1) ?? "") && URL.canParse(`http://${text}`);
}
