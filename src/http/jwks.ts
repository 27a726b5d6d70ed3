import { type Endpoint, tenantPaths } from "./endpoint.ts";
import { publicDocument } from "./public-document.ts";

/** The path of a tenant's keys, below its base. */
export const JWKS_PATH = "/.well-known/openid-configuration/jwks";

/** Where verifiers look that do not read the metadata. */
const ALIAS_PATH = "/.well-known/jwks.json";

/** The published keys (RFC 7517 section 5). */
export const jwks: Endpoint = publicDocument(
  [JWKS_PATH, ALIAS_PATH].flatMap(tenantPaths),
  (tenant) => tenant.jwks(),
  "jwks",
);
