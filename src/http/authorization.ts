import { OAuthError } from "../engine/errors.ts";
import { type Endpoint, tenantPaths } from "./endpoint.ts";

/** Where the OpenID document says that the authorization endpoint is, below the base of its tenant. */
export const AUTHORIZATION_PATH = "/connect/authorize";

/**
 * What stands for an authorization endpoint (RFC 6749 section 3.1), because some OpenID clients read no document that
 * names none. It refuses every request before it reads any of it, and never redirects.
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
