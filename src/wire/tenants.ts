/** The tenant that is served at the root, and that an RPC means if it names none. */
export const DEFAULT_TENANT = "default";
