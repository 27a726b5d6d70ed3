import { type Endpoint, tenantPaths } from "./endpoint.ts";
import { publicDocument } from "./public-document.ts";

/** Where the keys of a tenant are, below its base. */
export const JWKS_PATH = "/.well-known/openid-configuration/jwks";

/** The published keys (RFC 7517 section 5), to be kept for `maxAge` seconds. */
export function jwks(maxAge: number): Endpoint {
  return publicDocument(tenantPaths(JWKS_PATH), maxAge, (tenant) => tenant.jwks());
}
