import { ES256 } from "../services/mintmark.ts";
import { mintForm } from "./requests.ts";

/** The tokens of an answer. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** How many mints are under way at once while a pool is filled. */
const AT_ONCE = 32;

/** Mints tokens with ES256, as many as a pool needs, to use them in requests. */
export async function mintPool(
  port: number,
  size: number,
  more: Readonly<Record<string, string>> = {},
): Promise<readonly Tokens[]> {
  const tokens: Tokens[] = [];
  while (tokens.length < size) {
    const batch = Array.from({ length: Math.min(AT_ONCE, size - tokens.length) }, (_, index) =>
      mintOne(port, mintForm(tokens.length + index, more)),
    );
    tokens.push(...(await Promise.all(batch)));
  }
  return tokens;
}

async function mintOne(port: number, form: Readonly<Record<string, string>>): Promise<Tokens> {
  const answer = await fetch(`http://127.0.0.1:${port}${ES256}/connect/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Tokens;
}
