import { OAuthError } from "../engine/errors.ts";
import { type Endpoint, tenantPaths } from "./endpoint.ts";

/** The path of the authorization endpoint in the OpenID metadata, below the tenant's base. */
export const AUTHORIZATION_PATH = "/connect/authorize";

/**
 * A stand-in for an authorization endpoint (RFC 6749 section 3.1), because some OpenID clients reject metadata without
 * one. It refuses every request without reading it, and never redirects.
 */
export const authorization: Endpoint = {
  paths: tenantPaths(AUTHORIZATION_PATH),
  methods: ["GET", "POST"],
  check: refuse,
  handle: async () => refuse(),
};

function refuse(): never {
  throw new OAuthError(
    "unsupported_response_type",
    "There is no login here, and no response_type is supported: request tokens at the token endpoint.",
  );
}
