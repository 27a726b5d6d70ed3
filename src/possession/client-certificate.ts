import { hash, X509Certificate } from "node:crypto";
import type { Instant } from "../base/clock.ts";

/** The kinds of names that a certificate may have besides its subject (RFC 5280 section 4.2.1.6), as RFC 8705 has them. */
export type SanType = "dns" | "uri" | "ip" | "email";

/** A client's certificate: what identifies it, and what it says of its owner. */
export interface ClientCertificate {
  /** SHA-256 of its DER encoding, base64url: the `x5t#S256` of tokens bound to it (RFC 8705 section 3.1). */
  readonly thumbprint: string;
  /** The subject as a string (RFC 4514), the most specific name first. */
  readonly subject: string;
  readonly names: Readonly<Record<SanType, readonly string[]>>;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

/** A certificate that a client has proven to hold the key of. */
export interface PresentedCertificate extends ClientCertificate {
  /** Whether one of the authorities that the server trusts has issued it; false for one that the client signed itself. */
  readonly isVerified: boolean;
}

/** What Node calls the kinds of names. */
const PREFIXES: Readonly<Record<SanType, string>> = { dns: "DNS", uri: "URI", ip: "IP Address", email: "email" };

/** One name: its kind and its value, in quotes as a JSON string if it has characters that separate names. */
const NAME = /(?<type>[^:,"]+):(?:(?<quoted>"(?:[^"\\]|\\.)*")|(?<plain>[^,]*))(?:, |$)/y;

/** Reads a certificate in DER. Returns undefined if it is none. */
export function readClientCertificate(der: Uint8Array): ClientCertificate | undefined {
  try {
    const { raw, subject, subjectAltName, validFromDate, validToDate } = new X509Certificate(der);
    const names = namesIn(subjectAltName ?? "");
    return {
      thumbprint: hash("sha256", raw, "base64url"),
      // Node has one line for each name, the least specific first.
      subject: (subject ?? "").split("\n").toReversed().join(","),
      names: { dns: names("dns"), uri: names("uri"), ip: names("ip").map(canonicalAddress), email: names("email") },
      notBefore: validFromDate.getTime(),
      notAfter: validToDate.getTime(),
    };
  } catch {
    return undefined;
  }
}

/** An IP address as URLs write it, so that one address has one form; any other text unchanged. */
export function canonicalAddress(address: string): string {
  const { hostname } = URL.parse(address.includes(":") ? `http://[${address}]` : `http://${address}`) ?? {};
  return hostname?.replace(/^\[|\]$/g, "") ?? address;
}

/** Reads Node's text of names whole, so that no part of one can pass for another. Throws if it is not as expected. */
function namesIn(text: string): (type: SanType) => readonly string[] {
  const found: (readonly [type: string, value: string])[] = [];
  NAME.lastIndex = 0;
  while (NAME.lastIndex < text.length) {
    const { type, quoted, plain = "" } = NAME.exec(text)?.groups ?? {};
    if (type === undefined) throw new TypeError("The certificate's names cannot be read.");
    found.push([type, quoted === undefined ? plain : String(JSON.parse(quoted))]);
  }
  return (type) => found.filter(([name]) => name === PREFIXES[type]).map(([, value]) => value);
}

/**
 * The certificate in a proxy's `Client-Cert` field (RFC 9440 section 2.1): a byte sequence of RFC 8941, which is base64
 * between colons. Returns undefined if the field is malformed.
 */
export function parseClientCert(field: string): Uint8Array | undefined {
  const { base64 } =
    /^ *:(?<base64>(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?): *$/.exec(field)?.groups ?? {};
  return base64 ? Buffer.from(base64, "base64") : undefined;
}
