import { OAuthError } from "../errors.ts";

/** How many entries a page has if the request does not say, and at most. */
const PAGE_SIZE = { usual: 50, most: 100 } as const;

/** How many entries a page has. Throws OAuthError `invalid_request` if the request asks for less than one. */
export function pageSizeOf(asked: number = PAGE_SIZE.usual): number {
  if (!(Number.isInteger(asked) && asked >= 1))
    throw new OAuthError("invalid_request", "page_size must be a whole number of 1 or more.");
  return Math.min(asked, PAGE_SIZE.most);
}

/** Says where a page ended, as text that means something to the mint alone. */
export function writePageToken(cursor: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(cursor)).toString("base64url");
}

/** Reads what {@link writePageToken} wrote. Throws OAuthError `invalid_request` for any other text. */
export function readPageToken<Cursor extends readonly unknown[]>(
  text: string,
  isCursor: (value: readonly unknown[]) => value is Cursor,
): Cursor {
  const value = parse(text);
  if (Array.isArray(value) && isCursor(value)) return value;
  throw new OAuthError("invalid_request", "page_token must be one that an earlier page ended with.");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    return undefined;
  }
}
