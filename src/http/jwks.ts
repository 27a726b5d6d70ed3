import { type Endpoint, tenantPaths } from "./endpoint.ts";
import { publicDocument } from "./public-document.ts";

/** The path of a tenant's keys, below its base. */
export const JWKS_PATH = "/.well-known/openid-configuration/jwks";

/** Where verifiers look that do not read the metadata. */
const ALIAS_PATH = "/.well-known/jwks.json";

/** All keys, whatever the tenant's `jwksKeyTypes`: for verifiers that can read every kind. */
const ALL_KEYS_PATH = `${JWKS_PATH}/all`;

/** The kinds of keys that every verifier can read (RFC 7518 section 6.1, RFC 8037 section 2). */
const CLASSIC: readonly unknown[] = ["RSA", "EC", "OKP"];

/** The published keys (RFC 7517 section 5), of the kinds that the tenant's verifiers can read. */
export const jwks: Endpoint = publicDocument(
  [JWKS_PATH, ALIAS_PATH].flatMap(tenantPaths),
  async (engine) => {
    const published = await engine.jwks();
    if (engine.tenant.signing.jwksKeyTypes === "all") return published;
    return { keys: published.keys.filter(({ kty }) => CLASSIC.includes(kty)) };
  },
  "jwks",
);

/** The same, of all kinds. */
export const allKeys: Endpoint = publicDocument(tenantPaths(ALL_KEYS_PATH), (engine) => engine.jwks(), "jwks");
