import { isLoopback, parseAddress } from "./address.ts";

/** What a URL cannot hold unescaped, and an escaped brace: what is left of a template such as `{tenant}` or `$HOST`. */
const TEMPLATE = /[{}<>]|%7[bd]|\$[\w(]/i;

/** The same in a store's URL, whose password may hold more. */
const STORE_TEMPLATE = /\$?\{[^{}]*\}|<[^<>]*>|\$\(/;

/** Whether a template was left in a URL. */
export function hasTemplate(text: string): boolean {
  return TEMPLATE.test(text);
}

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

/**
 * Whether it can be an issuer: an http or https URL without query and fragment (RFC 8414 section 2), and without a
 * user's name and password.
 */
export function isIssuerUrl(text: string): boolean {
  const url = parseUrl(text);
  return url !== undefined && url.username === "" && url.password === "" && !/[?#\s]/.test(text);
}

/** Whether keys may be fetched from it: https, or http to this machine. */
export function isAuthorityUrl(text: string): boolean {
  const url = parseUrl(text);
  return isIssuerUrl(text) && url !== undefined && (url.protocol === "https:" || isLoopback(url.hostname));
}

/** A URL in its normal form, without slashes at the end; any other text as it is. */
export function normalizeUrl(text: string): string {
  return (parseUrl(text)?.href ?? text).replace(/\/+$/, "");
}

function parseUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined;
}
