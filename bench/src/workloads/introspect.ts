import type { Comparison } from "../comparison.ts";
import { anyOf, formPost } from "../load/form.ts";
import { CREDENTIALS, ES256 } from "../services/mintmark.ts";
import { mintmark, type Requests } from "./contenders.ts";
import { nodeHttp } from "./mint.ts";
import { mintPool } from "./tokens.ts";

/** How many tokens are asked about. */
const POOL = 1000;

/** Introspection of tokens that are chosen at random. */
export const introspectWorkloads: readonly Comparison[] = [
  introspection("introspect-jwt", {}),
  introspection("introspect-grant", { scope: "nitro offline_access" }),
  introspection("introspect-reference", { access_token_type: "reference" }),
];

function introspection(name: string, more: Readonly<Record<string, string>>): Comparison {
  return {
    name,
    unit: "/s",
    subject: mintmark(async ({ port }) => introspections(await mintPool(port, POOL, more))),
    baselines: [{ contender: nodeHttp, bound: { atLeast: 0.36 } }],
  };
}

function introspections(tokens: readonly { readonly access_token: string }[]): Requests {
  const requests = tokens.map(({ access_token }) =>
    formPost(`${ES256}/connect/introspect`, { token: access_token, ...CREDENTIALS }),
  );
  return { request: () => anyOf(requests) };
}
