import type { Comparison } from "../comparison.ts";
import { formPost } from "../load/form.ts";
import { CREDENTIALS, ES256 } from "../services/mintmark.ts";
import { mintmark, type Requests } from "./contenders.ts";
import { nodeHttp } from "./mint.ts";
import { mintPool } from "./tokens.ts";

const OFFLINE = { scope: "nitro offline_access" };

/** Refreshing: each request has the token that the last one gave. */
export const refreshWorkloads: readonly Comparison[] = [
  {
    name: "refresh-es256",
    unit: "/s",
    subject: mintmark(async ({ port }, { connections }) => refreshes(await mintPool(port, connections, OFFLINE))),
    baselines: [{ contender: nodeHttp, bound: { atLeast: 0.18 } }],
  },
  {
    name: "refresh-reference",
    unit: "/s",
    subject: mintmark(async ({ port }, { connections }) =>
      refreshes(await mintPool(port, connections, { ...OFFLINE, access_token_type: "reference" })),
    ),
    baselines: [{ contender: nodeHttp, bound: { atLeast: 0.22 } }],
  },
];

const MEMBER = '"refresh_token":"';

/** A chain of refreshes for each connection. */
function refreshes(grants: readonly { readonly refresh_token: string }[]): Requests {
  const tokens = grants.map((grant) => grant.refresh_token);
  return {
    request: (connection) =>
      formPost(`${ES256}/connect/token`, {
        grant_type: "refresh_token",
        refresh_token: tokens[connection] ?? "",
        ...CREDENTIALS,
      }),
    answered: (connection, body) => {
      const start = body.indexOf(MEMBER, 0, "latin1") + MEMBER.length;
      tokens[connection] = body.toString("latin1", start, body.indexOf('"', start, "latin1"));
    },
  };
}
