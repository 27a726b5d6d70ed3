import { isLoopback, parseAddress } from "../base/address.ts";

/** What is left of a template in a store's URL, whose password may hold more than other URLs. */
const STORE_TEMPLATE = /\$?\{[^{}]*\}|<[^<>]*>|\$\(/;

/** Whether a template was left in a store's URL. */
export function hasStoreTemplate(text: string): boolean {
  return STORE_TEMPLATE.test(text);
}

/** Options of a MongoDB URL that have any certificate accepted. */
const UNCHECKED = ["tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames"];

/**
 * What a MongoDB URL makes of TLS: `off`, `unchecked` (whoever is in between can read all), or `on`. mongodb+srv asks for
 * it unless told otherwise. Undefined for any other store, and for servers that are all on this machine.
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

/** A host of a MongoDB URL: with a port or without, or the path of a socket. */
function isHere(host: string): boolean {
  return /^(?:%2F|$)/i.test(host) || isLoopback((parseAddress(host) ?? { host }).host);
}
