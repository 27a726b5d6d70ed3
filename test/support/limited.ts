import { RateLimitedError } from "../../src/engine/rate-limited.ts";

const mints = { limit: "mint_per_client" } as const;

/** A refusal by one of two rates. */
export const limited = new RateLimitedError(
  [
    { ...mints, policy: "mint_per_client-1s", rate: { most: 100, period: 1 }, left: 99, resetsIn: 1 },
    { ...mints, policy: "mint_per_client-1h", rate: { most: 10_000, period: 3600 }, left: 0, resetsIn: 42 },
  ],
  { client: "web" },
);

/** The header fields that doors send with it. */
export const LIMITED_FIELDS = {
  "retry-after": "42",
  "ratelimit-policy": '"mint_per_client-1s";q=100;w=1, "mint_per_client-1h";q=10000;w=3600',
  ratelimit: '"mint_per_client-1s";r=99;t=1, "mint_per_client-1h";r=0;t=42',
};
