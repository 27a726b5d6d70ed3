import type { Comparison } from "../comparison.ts";
import type { Contender } from "../contender.ts";
import { ES256 } from "../services/configuration.ts";
import { mintmark } from "./contenders.ts";
import { nodeHttp } from "./mint.ts";
import { introspectingPeer } from "./peers.ts";
import { mintForm, tokenUrl } from "./requests.ts";
import { collect, introspections } from "./tokens.ts";

/** How many tokens are asked about. */
const POOL = 1000;

/** Introspection of tokens that are chosen at random. */
export const introspectWorkloads: readonly Comparison[] = [
  introspection("introspect-jwt", {}, [introspectingPeer("@jmondi/oauth2-server", "ES256")]),
  introspection("introspect-grant", { scope: "nitro offline_access" }),
  introspection("introspect-reference", { access_token_type: "reference" }, [
    introspectingPeer("oidc-provider", undefined),
  ]),
];

function introspection(
  name: string,
  more: Readonly<Record<string, string>>,
  peers: readonly Contender[] = [],
): Comparison {
  const subject = mintmark(async ({ port }) =>
    introspections(
      `${ES256}/connect/introspect`,
      await collect(tokenUrl(port), POOL, (index) => mintForm(index, more)),
    ),
  );
  return { name, unit: "/s", subject, baselines: [{ contender: nodeHttp, bound: { atLeast: 0.36 } }], peers };
}
