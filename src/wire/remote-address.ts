import { BlockList, isIP, isIPv4 } from "node:net";

/** Whether an address is that of a trusted proxy. */
export type IsTrusted = (address: string) => boolean;

/** Makes the check for trusted proxies. `networks`: IP addresses, and networks in CIDR notation. */
export function trustedProxies(networks: readonly string[]): IsTrusted {
  if (networks.length === 0) return () => false;
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

/**
 * What proxies say about a request: its `Forwarded` and `X-Forwarded-For` fields, each with its values joined by
 * commas.
 */
interface ForwardedFields {
  readonly forwarded: string | undefined;
  readonly xForwardedFor: string | undefined;
}

/**
 * The address that a request comes from: its socket's or, if that is a trusted proxy's, the last address in the
 * proxies' fields that is not a trusted proxy's. A proxy that sets one of the two fields may pass on the other as the
 * client sent it, so if the two differ, neither counts.
 */
export function remoteAddress(
  socket: string | undefined,
  { forwarded, xForwardedFor }: ForwardedFields,
  isTrusted: IsTrusted,
): string | undefined {
  const peer = socket === undefined ? undefined : plainAddress(socket);
  if (peer === undefined || !isTrusted(peer)) return peer;
  const told = [
    ...(forwarded === undefined ? [] : [lastUntrusted(peer, forwardedAddresses(forwarded), isTrusted)]),
    ...(xForwardedFor === undefined ? [] : [lastUntrusted(peer, xForwardedFor.split(","), isTrusted)]),
  ];
  const [first = peer, second = first] = told;
  return first === second ? first : peer;
}

/**
 * Walks from the nearest hop to the farthest. Text that is not an address ends the walk at the hop that reported it.
 */
function lastUntrusted(peer: string, hops: readonly string[], isTrusted: IsTrusted): string {
  let nearest = peer;
  for (const hop of hops.toReversed()) {
    const address = plainAddress(hop.trim());
    if (address === undefined) return nearest;
    nearest = address;
    if (!isTrusted(address)) return nearest;
  }
  return nearest;
}

/**
 * The `for` of every element (RFC 7239 section 4); an empty text, which is not an address, for an element that does not
 * have exactly one. A field that is malformed says nothing: what a client wrote into it must not hide its end.
 */
function forwardedAddresses(field: string): readonly string[] {
  const text = field.trim();
  const elements: string[][] = [[]];
  const pairs = /(?:([^\s",;=]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*)))?[ \t]*([;,]|$)[ \t]*/y;
  while (pairs.lastIndex < text.length) {
    const [, name, quoted, plain, separator] = pairs.exec(text) ?? [];
    if (separator === undefined) return [];
    if (name?.toLowerCase() === "for") elements.at(-1)?.push(quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "");
    if (separator === ",") elements.push([]);
  }
  return elements.map(([address = "", ...others]) => (others.length === 0 ? address : ""));
}

/** Whether the address of a socket is that of a trusted proxy. */
export function isTrustedPeer(socket: string | undefined, isTrusted: IsTrusted): boolean {
  const peer = socket === undefined ? undefined : plainAddress(socket);
  return peer !== undefined && isTrusted(peer);
}

/** An IP address without brackets, port and zone, and IPv4 not mapped to IPv6; undefined for any other text. */
function plainAddress(text: string): string | undefined {
  // Most sockets' address is plain already.
  if (isIPv4(text)) return text;
  const [, bracketed, v4] = /^\[([^\]]+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(text) ?? [];
  const address = (bracketed ?? v4 ?? text).replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(address) === 0 ? undefined : address;
}
