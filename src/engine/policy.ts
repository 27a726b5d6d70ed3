import { type Instant, toSeconds } from "../base/clock.ts";
import { matchesAnyGlob } from "../base/glob.ts";
import type { JsonObject } from "../base/json.ts";
import { type AccessTokenType, type Client, ownResources, type Tenant, TOKEN_EXCHANGE } from "../registry/tenant.ts";
import { CUSTOM_PAYLOAD, foldName, isReservedClaim } from "../token/reserved-claims.ts";
import { IDENTITY_SCOPES, OFFLINE_ACCESS } from "../token/scope.ts";
import type { AuthenticatedClient } from "./clients/authenticate.ts";
import { OAuthError } from "./errors.ts";
import type { Decision, GrantHandler } from "./grant.ts";
import type { MintRequest, RefreshRequest } from "./request.ts";
import { atResources, narrowToResources } from "./resources.ts";
import { checkGrantedSubject, sourceOfSubject } from "./subjects.ts";

/** How long tokens live, in seconds. */
interface Lifetimes {
  readonly accessTokenLifetime: number;
  readonly idTokenLifetime: number;
}

/** A decision that the client's policy lets pass, with what the client's registration adds to it. Plain JSON. */
export interface Approval
  extends Omit<Decision, "issuedTokenType" | "single" | "withoutRefreshToken" | "accessTokenType">,
    Lifetimes {
  /** The client's fixed claims, for every token of the grant. */
  readonly fixedClaims: JsonObject;
  /** The client's namespace as a claim, for access tokens. */
  readonly namespaceClaim: JsonObject;
  readonly accessTokenType: AccessTokenType;
  /** Whether `confirmation` names a key of the client itself, which has to prove it at every refresh. */
  readonly isHeldByClient?: true | undefined;
  /** The key that the client has to prove at every refresh, if `confirmation` names somebody else's. */
  readonly clientKey?: JsonObject | undefined;
}

/** RFC 6749 section 3.3: printable ASCII without space, `"` and `\`. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * Applies the client's policy to what a grant decided.
 *
 * Throws OAuthError `invalid_scope` or `invalid_request`, naming what the client may not ask for, and `invalid_grant` if
 * what the decision is based on has expired.
 */
export function approve(
  { issuedTokenType: _, single: __, withoutRefreshToken, accessTokenType, ...decided }: Decision,
  request: MintRequest,
  grant: GrantHandler,
  { client, tenant }: AuthenticatedClient,
  now: Instant,
): Approval {
  const scopes = decided.scopes.filter((scope) => !withoutRefreshToken || scope !== OFFLINE_ACCESS);
  const decision = atResources({ ...decided, scopes }, request, tenant);
  checkDecision(decision, client, tenant, sourceOfSubject(request));
  const fixedClaims = { ...client.claims.get("*"), ...client.claims.get(decision.grantType) };
  const fixed = new Set(Object.keys(fixedClaims).map(foldName));
  for (const name of Object.keys(decision.claims)) {
    if (fixed.has(foldName(name))) {
      throw new OAuthError(
        "invalid_request",
        `The arbitrary claim: '${name}' is not allowed: it is fixed for this client.`,
      );
    }
  }
  const idTokenLifetime = request.idTokenLifetime ?? client.idTokenLifetime;
  const lifetimes = {
    accessTokenLifetime: request.accessTokenLifetime ?? client.accessTokenLifetime,
    // One that is issued instead of an access token is as short as that was to be.
    idTokenLifetime:
      decision.instead === undefined
        ? idTokenLifetime
        : Math.min(idTokenLifetime, request.accessTokenLifetime ?? idTokenLifetime),
  };
  return {
    ...decision,
    fixedClaims,
    namespaceClaim: client.namespace === undefined ? {} : { [tenant.namespaceClaim]: client.namespace },
    accessTokenType: accessTokenType ?? accessTokenTypeFor(request, grant, client),
    ...lifetimesWithin(decision, lifetimes, now),
  };
}

/**
 * Binds tokens to the key that the client has proven to hold. If they are to be bound to somebody else's, only what the
 * client does with the grant itself needs its own.
 */
export function boundTo(key: JsonObject | undefined, approval: Approval): Approval {
  if (key === undefined) return approval;
  const isOthers = approval.confirmation !== undefined && !approval.isHeldByClient;
  return isOthers ? { ...approval, clientKey: key } : { ...approval, confirmation: key, isHeldByClient: true };
}

/** The type that the caller asks for, or else the client's default; or the grant's own if it does not give that one. */
function accessTokenTypeFor(
  { accessTokenType }: MintRequest,
  { accessTokenTypes }: GrantHandler,
  client: Client,
): AccessTokenType {
  const wanted = accessTokenType ?? client.accessTokenType;
  return accessTokenTypes.find((type) => type === wanted) ?? accessTokenTypes[0];
}

/**
 * Applies the client's policy of today to what it was once granted. Its fixed claims stay as they were; lifetimes are
 * capped.
 *
 * Throws OAuthError `invalid_grant` if the grant would not be given today.
 */
export function reapprove(granted: Approval, { client, tenant }: AuthenticatedClient, now: Instant): Approval {
  try {
    if (!client.enabled) throw new OAuthError("invalid_grant", "The client is disabled.");
    if (!client.grants.has(granted.grantType)) {
      throw new OAuthError(
        "invalid_grant",
        `The grant_type ${granted.grantType} is not allowed for this client any more.`,
      );
    }
    checkDecision(granted, client, tenant);
    checkClaimNames(granted.claims, client, tenant);
    if (granted.grantType === TOKEN_EXCHANGE) checkExchange(granted, client);
  } catch (error) {
    throw error instanceof OAuthError ? new OAuthError("invalid_grant", error.message) : error;
  }
  const lifetimes = {
    accessTokenLifetime: Math.min(granted.accessTokenLifetime, client.accessTokenLifetime),
    idTokenLifetime: Math.min(granted.idTokenLifetime, client.idTokenLifetime),
  };
  return { ...granted, ...lifetimesWithin(granted, lifetimes, now) };
}

/** Cuts lifetimes off at the decision's latest expiry. Throws OAuthError `invalid_grant` if that has passed. */
function lifetimesWithin(
  { latestExpiry = Number.POSITIVE_INFINITY }: Pick<Decision, "latestExpiry">,
  lifetimes: Lifetimes,
  now: Instant,
) {
  const left = latestExpiry - toSeconds(now);
  if (left <= 0) throw new OAuthError("invalid_grant", "What the tokens would be based on has expired.");
  return {
    accessTokenLifetime: Math.min(lifetimes.accessTokenLifetime, left),
    idTokenLifetime: Math.min(lifetimes.idTokenLifetime, left),
  };
}

/**
 * What is left of a grant if a refresh asks for less of it: for fewer scopes (RFC 6749 section 6), or for fewer audiences
 * (RFC 8707 section 2.2).
 *
 * Throws OAuthError `invalid_scope` or `invalid_target` if it asks for what was not granted.
 */
export function narrow(granted: Approval, request: RefreshRequest, tenant: Tenant): Approval {
  const narrowed = request.scopes === undefined ? granted : narrowToScopes(granted, request.scopes);
  return narrowToResources(narrowed, granted, request, tenant);
}

/**
 * Audiences that only the other scopes gave go too. Scopes of identity that were not granted count as not asked for; if
 * nothing else is asked for, the grant is whole.
 */
function narrowToScopes(granted: Approval, scopes: readonly string[]): Approval {
  const asked = scopes.filter((scope) => granted.scopes.includes(scope) || !IDENTITY_SCOPES.has(scope));
  if (asked.length === 0) return granted;
  for (const scope of asked) {
    if (!granted.scopes.includes(scope)) throw new OAuthError("invalid_scope", `The scope '${scope}' was not granted.`);
  }
  return {
    ...granted,
    scopes: granted.scopes.filter((scope) => asked.includes(scope)),
    audience: granted.audience.filter(
      ({ scopes }) => scopes === undefined || scopes.some((scope) => asked.includes(scope)),
    ),
  };
}

/** Throws OAuthError if the client may not be granted this. */
function checkDecision(decision: Decision, client: Client, tenant: Tenant, source?: string): void {
  checkScopes(decision.scopes, client, tenant.limits.scopeLength);
  if (decision.issuer !== tenant.issuer && !client.allowedIssuers.has(decision.issuer)) {
    throw new OAuthError("invalid_request", `The issuer '${decision.issuer}' is not allowed for this client.`);
  }
  checkGrantedSubject(decision, client, tenant, source);
  checkAudience(decision, client, tenant);
}

/**
 * An exchange that could be refreshed, without an actor, or the audiences that it asked for, may not be in the client's
 * policy today.
 */
function checkExchange({ audience, actor }: Approval, { tokenExchange }: Client): void {
  if (tokenExchange?.allowRefresh && (actor !== undefined || tokenExchange.mode !== "delegation")) {
    const asked = audience.filter(({ added }) => added);
    if (asked.every(({ name }) => matchesAnyGlob(tokenExchange.audiences, name))) return;
  }
  throw new OAuthError("invalid_grant", "The exchange is not allowed for this client any more.");
}

/** A name that was the caller's when it was granted may be reserved today. */
function checkClaimNames(claims: JsonObject, client: Client, tenant: Tenant): void {
  for (const name of Object.keys(claims)) {
    if (name !== CUSTOM_PAYLOAD && isReservedClaim(name, tenant.namespaceClaim, client.allowedClaims))
      throw new OAuthError("invalid_grant", `The claim '${name}' is not allowed for this client any more.`);
  }
}

/** Where the client is held to some. The tenant's own resources are open to every client. */
function checkAudience(decision: Decision, client: Client, tenant: Tenant): void {
  // The trust domain, which the tenant itself chose.
  if (decision.instead === "txn_token") return;
  for (const { name } of decision.audience) {
    if (name !== ownResources(tenant) && !matchesAnyGlob(client.allowedAudiences, name)) {
      throw new OAuthError("invalid_request", `The audience '${name}' is not allowed for this client.`);
    }
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
    if (!allowed) throw new OAuthError("invalid_scope", `The scope '${scope}' is not allowed for this client.`);
  }
}
