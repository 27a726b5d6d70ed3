import { anyOf, formPost } from "../load/form.ts";
import { CREDENTIALS } from "../services/credentials.ts";
import type { Requests } from "./contenders.ts";

/** The tokens of an answer. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

type Form = Readonly<Record<string, string>>;

/** How many requests are under way at once while a pool is filled. */
const AT_ONCE = 32;

/** Posts forms, and collects the tokens of the answers. */
export async function collect(url: string, size: number, formOf: (index: number) => Form): Promise<readonly Tokens[]> {
  const tokens: Tokens[] = [];
  while (tokens.length < size) {
    const batch = Array.from({ length: Math.min(AT_ONCE, size - tokens.length) }, (_, index) =>
      post(url, formOf(tokens.length + index)),
    );
    tokens.push(...(await Promise.all(batch)));
  }
  return tokens;
}

async function post(url: string, form: Form): Promise<Tokens> {
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Tokens;
}

/** The text of a member of a JSON answer, which the mint never escapes. */
export function memberOf(body: Buffer, name: string): string {
  const before = `"${name}":"`;
  const start = body.indexOf(before, 0, "latin1") + before.length;
  return body.toString("latin1", start, body.indexOf('"', start, "latin1"));
}

/** A chain of refreshes for each connection: each request has the token that the last one gave. */
export function refreshes(path: string, grants: readonly { readonly refresh_token: string }[]): Requests {
  const tokens = grants.map((grant) => grant.refresh_token);
  return {
    request: (connection) =>
      formPost(path, { grant_type: "refresh_token", refresh_token: tokens[connection] ?? "", ...CREDENTIALS }),
    answered: (connection, body) => {
      tokens[connection] = memberOf(body, "refresh_token");
    },
  };
}

/** Introspections of some tokens, which are chosen at random. */
export function introspections(path: string, tokens: readonly { readonly access_token: string }[]): Requests {
  const requests = tokens.map(({ access_token }) => formPost(path, { token: access_token, ...CREDENTIALS }));
  return { request: () => anyOf(requests) };
}
