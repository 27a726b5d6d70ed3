/**
 * The names of the numbers in a store's `meta` that say how long a tenant's tokens can matter, in seconds. The numbers
 * only grow, so that lowering a lifetime revives nothing and removes no key too early.
 */
export const LONGEST_LIFETIMES = {
  /** The longest lifetime of any JWT. */
  jwt: "longestJwtLifetime",
  /** The longest lifetime of a grant: from its mint until the last access token of its last refresh has expired. */
  grant: "longestGrantLifetime",
} as const;
