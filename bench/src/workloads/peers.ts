import type { Contender } from "../contender.ts";
import { anyOf, formPost } from "../load/form.ts";
import { SEED_PATH } from "../peers/paths.ts";
import { CREDENTIALS } from "../services/credentials.ts";
import { program, type Requests } from "./contenders.ts";
import { collect, introspections, refreshes } from "./tokens.ts";

/** The other OAuth2 servers, each with its own store in memory. */
type Peer = "oidc-provider" | "@node-oauth/oauth2-server" | "@jmondi/oauth2-server";

/** The algorithm of JWTs; undefined for opaque tokens. */
type Algorithm = "RS256" | "ES256" | undefined;

const FILES = {
  "oidc-provider": "peers/oidc-provider.ts",
  "@node-oauth/oauth2-server": "peers/node-oauth.ts",
  "@jmondi/oauth2-server": "peers/jmondi.ts",
} as const satisfies Record<Peer, string>;

const MINT = { grant_type: "client_credentials", scope: "nitro", ...CREDENTIALS };
/** How many tokens are asked about. */
const POOL = 1000;

/** A peer that mints by client_credentials, which all of them have. */
export function mintingPeer(peer: Peer, algorithm: Algorithm): Contender {
  const requests: Requests = { request: () => anyOf(mints) };
  return program(peer, FILES[peer], () => requests, ...argsOf(algorithm));
}

const mints = [formPost("/token", MINT)];

/** A peer that refreshes. */
export function refreshingPeer(peer: Peer, algorithm: Algorithm): Contender {
  return program(
    peer,
    FILES[peer],
    async ({ port }, { connections }) =>
      refreshes("/token", await collect(`http://127.0.0.1:${port}${SEED_PATH}`, connections, () => ({}))),
    ...argsOf(algorithm),
  );
}

/** A peer that introspects tokens of its own. */
export function introspectingPeer(peer: Peer, algorithm: Algorithm): Contender {
  return program(
    peer,
    FILES[peer],
    async ({ port }) =>
      introspections("/introspect", await collect(`http://127.0.0.1:${port}/token`, POOL, () => MINT)),
    ...argsOf(algorithm),
  );
}

function argsOf(algorithm: Algorithm): readonly string[] {
  return algorithm === undefined ? [] : [algorithm];
}
