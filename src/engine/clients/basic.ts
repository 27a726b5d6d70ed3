/** The two parts of Basic credentials. */
export interface BasicCredentials {
  readonly id: string;
  /** Undefined if empty: an empty secret counts as none. */
  readonly secret: string | undefined;
}

/**
 * Parses Basic credentials (RFC 7617), both parts form-urlencoded (RFC 6749 section 2.3.1). Returns undefined if they
 * are malformed.
 */
export function parseBasic(authorization: string): BasicCredentials | undefined {
  const encoded = /^basic +(?<token>[A-Za-z0-9+/_-]+=*) *$/i.exec(authorization)?.groups?.token;
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? "", "base64").toString()) ?? [];
  const [readId, readSecret] = [id, secret].map((part) => (part === undefined ? undefined : formUrlDecode(part)));
  if (!readId || readSecret === undefined) return undefined;
  return { id: readId, secret: readSecret === "" ? undefined : readSecret };
}

function formUrlDecode(text: string): string | undefined {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
