import { type Endpoint, tenantPaths } from "./endpoint.ts";
import { publicDocument } from "./public-document.ts";

/** Where the keys of a tenant are, below its base. */
export const JWKS_PATH = "/.well-known/openid-configuration/jwks";

/** The published keys (RFC 7517 section 5). */
export const jwks: Endpoint = publicDocument(tenantPaths(JWKS_PATH), (tenant) => tenant.jwks());
