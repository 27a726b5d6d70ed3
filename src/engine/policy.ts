import type { JsonObject } from "../token/json.ts";
import { OFFLINE_ACCESS } from "../token/scope.ts";
import type { AuthenticatedClient } from "./authenticate.ts";
import type { Decision } from "./decision.ts";
import { OAuthError } from "./errors.ts";
import type { MintRequest } from "./request.ts";
import type { AccessTokenType, Client, Tenant } from "./tenant.ts";

/** A decision that the client's policy lets pass, with what the client's registration adds to it. Plain JSON. */
export interface Approval extends Decision {
  /** The client's fixed claims, for every token of the grant. */
  readonly fixedClaims: JsonObject;
  /** The client's namespace as a claim, for access tokens. */
  readonly mark: JsonObject;
  readonly accessTokenType: AccessTokenType;
  /** Seconds. */
  readonly accessTokenLifetime: number;
  /** Seconds. */
  readonly idTokenLifetime: number;
}

/** RFC 6749 section 3.3: printable ASCII without space, `"` and `\`. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * Applies the client's policy to what a grant decided.
 *
 * Throws OAuthError `invalid_scope` or `invalid_request`, naming what the client may not ask for.
 */
export function approve(decision: Decision, request: MintRequest, { client, tenant }: AuthenticatedClient): Approval {
  checkDecision(decision, client, tenant);
  const fixedClaims = { ...client.claims.get("*"), ...client.claims.get(decision.grantType) };
  for (const name of Object.keys(decision.claims)) {
    if (Object.hasOwn(fixedClaims, name)) {
      throw new OAuthError(
        "invalid_request",
        `The arbitrary claim: '${name}' is not allowed: it is fixed for this client.`,
      );
    }
  }
  return {
    ...decision,
    fixedClaims,
    mark: client.namespace === undefined ? {} : { [tenant.markClaim]: client.namespace },
    accessTokenType: (request.accessTokenType as AccessTokenType | undefined) ?? client.accessTokenType,
    accessTokenLifetime: request.accessTokenLifetime ?? client.accessTokenLifetime,
    idTokenLifetime: request.idTokenLifetime ?? client.idTokenLifetime,
  };
}

/** Whether the client may be granted this today. Throws OAuthError where it may not. */
export function checkDecision(decision: Decision, client: Client, tenant: Tenant): void {
  checkScopes(decision.scopes, client, tenant.limits.scopeLength);
  if (decision.issuer !== tenant.issuer && !client.allowedIssuers.has(decision.issuer)) {
    throw new OAuthError("invalid_request", `The issuer '${decision.issuer}' is not allowed to this client.`);
  }
  if ((decision.subject?.length ?? 0) > tenant.limits.subjectLength) {
    throw new OAuthError(
      "invalid_request",
      `The subject is too long: at most ${tenant.limits.subjectLength} characters.`,
    );
  }
}

function checkScopes(scopes: readonly string[], client: Client, maxLength: number): void {
  if (scopes.join(" ").length > maxLength) {
    throw new OAuthError("invalid_scope", `scope is too long: at most ${maxLength} characters.`);
  }
  for (const scope of scopes) {
    if (!SCOPE_TOKEN.test(scope)) throw new OAuthError("invalid_scope", `The scope '${scope}' is malformed.`);
    const allowed =
      scope === OFFLINE_ACCESS ? client.allowOfflineAccess : client.scopes === "*" || client.scopes.has(scope);
    if (!allowed) throw new OAuthError("invalid_scope", `The scope '${scope}' is not allowed to this client.`);
  }
}
