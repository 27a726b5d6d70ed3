import { isLoopback, parseAddress } from "../base/address.ts";

/** The remains of a template in a store's URL. It allows more than other URLs, as a password may contain braces. */
const STORE_TEMPLATE = /\$?\{[^{}]*\}|<[^<>]*>|\$\(/;

/** Whether a store's URL still contains a template. */
export function hasStoreTemplate(text: string): boolean {
  return STORE_TEMPLATE.test(text);
}

/** Options of a MongoDB URL that turn certificate checks off. */
const UNCHECKED = ["tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames"];

/**
 * How a MongoDB URL uses TLS: `off`, `unchecked` (anyone in between can read everything), or `on`, which is the default
 * of mongodb+srv. Undefined for any other store, and if all servers are on this machine.
 */
export function mongoTls(store: string): "off" | "unchecked" | "on" | undefined {
  const shape = /^mongodb(\+srv)?:\/\/(?:[^@/?#]*@)?([^/?#@]+)[^?]*\??(.*)$/i;
  const [, srv, hosts = "", query = ""] = shape.exec(store) ?? [];
  if (hosts.split(",").every(isHere)) return undefined;
  const options = new Map(Array.from(new URLSearchParams(query), ([name, value]) => [name.toLowerCase(), value]));
  const asked = options.get("tls") ?? options.get("ssl") ?? String(srv !== undefined);
  if (asked !== "true") return "off";
  return UNCHECKED.some((name) => options.get(name) === "true") ? "unchecked" : "on";
}

/** Whether a host of a MongoDB URL is this machine: with or without a port, or the path of a socket. */
function isHere(host: string): boolean {
  return /^(?:%2F|$)/i.test(host) || isLoopback((parseAddress(host) ?? { host }).host);
}
