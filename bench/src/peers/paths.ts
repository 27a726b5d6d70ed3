/** Gives a refresh token of a new grant, with which a chain of refreshes can begin. No product has it: the bench adds it. */
export const SEED_PATH = "/seed";
