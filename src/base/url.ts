import { isLoopback } from "./address.ts";

/**
 * Characters that a URL cannot contain unescaped, and escaped braces: the remains of a template such as `{tenant}` or
 * `$HOST`.
 */
const TEMPLATE = /[{}<>]|%7[bd]|\$[\w(]/i;

/** Joins a URL and a path with exactly one slash, even if the URL ends in slashes. */
export function joinUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`;
}

/** Whether a text still contains a template. */
export function hasTemplate(text: string): boolean {
  return TEMPLATE.test(text);
}

/**
 * Whether it can be an issuer: an http or https URL without query and fragment (RFC 8414 section 2), and without user
 * and password.
 */
export function isIssuerUrl(text: string): boolean {
  const url = parseUrl(text);
  return url !== undefined && url.username === "" && url.password === "" && !/[?#\s]/.test(text);
}

/** Whether keys may be fetched from it: https anywhere, http only on this machine. */
export function isAuthorityUrl(text: string): boolean {
  const url = parseUrl(text);
  return isIssuerUrl(text) && url !== undefined && (url.protocol === "https:" || isLoopback(url.hostname));
}

/** Whether it is a URL from which a document may be fetched: https anywhere, http only on this machine. */
export function isHttpsOrLoopback(text: string): boolean {
  const url = parseUrl(text);
  if (url === undefined || url.username !== "" || url.password !== "" || /[#\s]/.test(text)) return false;
  return url.protocol === "https:" || isLoopback(url.hostname);
}

/** Normalizes a URL and removes trailing slashes; of any other text, only removes trailing slashes. */
export function normalizeUrl(text: string): string {
  return (parseUrl(text)?.href ?? text).replace(/\/+$/, "");
}

function parseUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined;
}
