import type { Comparison } from "../comparison.ts";
import { ES256 } from "../services/configuration.ts";
import { mintmark, ownMeasure, program } from "./contenders.ts";
import { mintingPeer } from "./peers.ts";
import { mints } from "./requests.ts";

const plainMints = mints("");

/** A plain server that parses the form and answers. */
export const nodeHttp = program("node:http", "baselines/node-http.ts", () => plainMints);
const fastify = program("Fastify", "baselines/fastify.ts", () => plainMints);
const signer = program("node:http that signs", "baselines/node-http-es256.ts", () => plainMints);
const rawSigning = ownMeasure("raw signing", "baselines/sign-rs256.ts");
const rawInserts = ownMeasure("node:sqlite inserts", "baselines/sqlite-inserts.ts");

/** Minting tokens through the gateway. */
export const mintWorkloads: readonly Comparison[] = [
  {
    name: "mint-rs256",
    unit: "/s",
    subject: mintmark(() => plainMints),
    baselines: [{ contender: nodeHttp }, { contender: rawSigning, bound: { atLeast: 0.95 } }],
    peers: [
      mintingPeer("oidc-provider", "RS256"),
      mintingPeer("@node-oauth/oauth2-server", "RS256"),
      mintingPeer("@jmondi/oauth2-server", "RS256"),
      fastify,
    ],
  },
  {
    name: "mint-es256",
    unit: "/s",
    subject: mintmark(() => mints(ES256)),
    baselines: [
      { contender: nodeHttp, bound: { atLeast: 0.29 } },
      { contender: signer, bound: { atLeast: 0.6 } },
    ],
    peers: [
      mintingPeer("oidc-provider", "ES256"),
      mintingPeer("@node-oauth/oauth2-server", "ES256"),
      mintingPeer("@jmondi/oauth2-server", "ES256"),
    ],
  },
  {
    name: "mint-reference",
    unit: "/s",
    subject: mintmark(() => mints(ES256, { access_token_type: "reference" })),
    baselines: [{ contender: nodeHttp, bound: { atLeast: 0.4 } }, { contender: rawInserts }],
    peers: [mintingPeer("oidc-provider", undefined), mintingPeer("@node-oauth/oauth2-server", undefined)],
  },
  {
    name: "mint-refresh",
    unit: "/s",
    subject: mintmark(() => mints(ES256, { scope: "nitro offline_access" })),
    baselines: [{ contender: nodeHttp, bound: { atLeast: 0.2 } }, { contender: rawInserts }],
  },
];
