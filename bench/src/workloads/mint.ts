import type { Comparison } from "../comparison.ts";
import { ES256 } from "../services/mintmark.ts";
import { mintmark, program } from "./contenders.ts";
import { mints } from "./requests.ts";

/** A plain server that parses the form and answers. */
export const nodeHttp = program("node:http", "baselines/node-http.ts", mints(""));

/** Minting tokens through the gateway. */
export const mintWorkloads: readonly Comparison[] = [
  {
    name: "mint-rs256",
    unit: "/s",
    subject: mintmark(() => mints("")),
    baselines: [{ contender: nodeHttp }],
  },
  {
    name: "mint-es256",
    unit: "/s",
    subject: mintmark(() => mints(ES256)),
    baselines: [{ contender: nodeHttp, bound: { atLeast: 0.29 } }],
  },
  {
    name: "mint-reference",
    unit: "/s",
    subject: mintmark(() => mints(ES256, { access_token_type: "reference" })),
    baselines: [{ contender: nodeHttp, bound: { atLeast: 0.4 } }],
  },
  {
    name: "mint-refresh",
    unit: "/s",
    subject: mintmark(() => mints(ES256, { scope: "nitro offline_access" })),
    baselines: [{ contender: nodeHttp, bound: { atLeast: 0.2 } }],
  },
];
