/**
 * The numbers in a store's `meta` that tell how long what a tenant mints can matter, in seconds. They only grow, so that
 * lowering a lifetime revives nothing and lets no key go too early.
 */
export const LONGEST_LIFETIMES = {
  /** Of any JWT. */
  jwt: "longestJwtLifetime",
  /** Of a grant: from its mint until the last access token of its last refresh has expired. */
  grant: "longestGrantLifetime",
} as const;
