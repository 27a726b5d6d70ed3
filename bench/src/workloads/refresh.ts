import type { Comparison } from "../comparison.ts";
import type { Contender } from "../contender.ts";
import { ES256 } from "../services/configuration.ts";
import { mintmark } from "./contenders.ts";
import { nodeHttp } from "./mint.ts";
import { refreshingPeer } from "./peers.ts";
import { mintForm, tokenUrl } from "./requests.ts";
import { collect, refreshes } from "./tokens.ts";

const OFFLINE = { scope: "nitro offline_access" };

/** Refreshing. */
export const refreshWorkloads: readonly Comparison[] = [
  {
    name: "refresh-es256",
    unit: "/s",
    subject: refreshing(OFFLINE),
    baselines: [{ contender: nodeHttp, bound: { atLeast: 0.18 } }],
    peers: [
      refreshingPeer("oidc-provider", "ES256"),
      refreshingPeer("@node-oauth/oauth2-server", "ES256"),
      refreshingPeer("@jmondi/oauth2-server", "ES256"),
    ],
  },
  {
    name: "refresh-reference",
    unit: "/s",
    subject: refreshing({ ...OFFLINE, access_token_type: "reference" }),
    baselines: [{ contender: nodeHttp, bound: { atLeast: 0.22 } }],
    peers: [refreshingPeer("oidc-provider", undefined), refreshingPeer("@node-oauth/oauth2-server", undefined)],
  },
];

function refreshing(more: Readonly<Record<string, string>>): Contender {
  return mintmark(async ({ port }, { connections }) => {
    const grants = await collect(tokenUrl(port), connections, (index) => mintForm(index, more));
    return refreshes(`${ES256}/connect/token`, grants);
  });
}
