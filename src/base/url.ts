import { isLoopback } from "./address.ts";

/** What a URL cannot hold unescaped, and an escaped brace: what is left of a template such as `{tenant}` or `$HOST`. */
const TEMPLATE = /[{}<>]|%7[bd]|\$[\w(]/i;

/** A URL with a path below it: exactly one slash is between them, though the URL may end in slashes itself. */
export function joinUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`;
}

/** Whether a template was left in a URL. */
export function hasTemplate(text: string): boolean {
  return TEMPLATE.test(text);
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
