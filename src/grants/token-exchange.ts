import { matchesAnyGlob } from "../base/glob.ts";
import { OAuthError } from "../engine/errors.ts";
import type { Audience, Decision, GrantContext, GrantHandler } from "../engine/grant.ts";
import type { Problems } from "../engine/problems.ts";
import type { MintParameter, MintRequest } from "../engine/request.ts";
import { type Client, ownResources, TOKEN_EXCHANGE, type TokenExchangePolicy } from "../registry/tenant.ts";
import { ACTOR_CLAIM } from "../token/actor.ts";
import { IDENTITY_SCOPES, OFFLINE_ACCESS } from "../token/scope.ts";
import { TOKEN_TYPES, type TokenTypeName, tokenTypeName } from "../token/token-types.ts";
import * as claims from "./claims.ts";
import {
  badScope,
  checkMayAct,
  checkPresented,
  derivedFrom,
  type PresentedToken,
  unusable,
} from "./presented-tokens.ts";
import { decideTransaction } from "./transaction-token.ts";

/**
 * Token exchange (RFC 8693): another token for the subject of one that the client presents. It lives no longer than the
 * presented tokens, says no more than they do, and dies with any of them.
 */
export const tokenExchange: GrantHandler = {
  grantType: TOKEN_EXCHANGE,
  parameters: new Set<MintParameter>([
    "subjectToken",
    "subjectTokenType",
    "actorToken",
    "actorTokenType",
    "requestedTokenType",
    "audiences",
    "resources",
    "scopes",
    "requestContext",
    "requestDetails",
    "accessTokenLifetime",
    "accessTokenType",
    "confirmation",
  ]),
  // RFC 8693 section 5: anybody who got hold of a token could otherwise get more of it.
  clientProof: "required",
  refreshable: true,
  accessTokenTypes: ["jwt", "reference"],

  async decide(request, context) {
    const policy = policyOf(context.client.client);
    const types = readTypes(request, policy, context);
    if (types.requested === "txn_token") return decideTransaction(request, types.subject, context);
    checkMode(request, policy, context.problems);
    refuseOfTransaction(request, types, context.problems);
    context.problems.refuse();
    checkTargets(request, policy, context.client.client);
    checkMayRefresh(request, policy);

    const { subject, actor } = await checkTokens(request, types, context);
    const scopes = scopesFor(request, subject, types.requested, context.client.client);
    return {
      ...derivedFrom(subject, actor),
      ...formOf(types.requested),
      grantType: this.grantType,
      issuer: context.client.tenant.issuer,
      scopes,
      listsOfflineAccess: false,
      audience: audienceFor(request, subject, scopes, context),
      claims: {},
    };
  },
};

function policyOf({ tokenExchange }: Client): TokenExchangePolicy {
  if (tokenExchange !== undefined) return tokenExchange;
  throw new OAuthError("unauthorized_client", "The client's registration does not say what it may exchange.");
}

interface Types {
  readonly subject: TokenTypeName;
  readonly actor: TokenTypeName;
  readonly requested: TokenTypeName;
}

/** Reads the types of the tokens. Notes every problem with them. */
function readTypes(request: MintRequest, policy: TokenExchangePolicy, { client, problems }: GrantContext): Types {
  const { subjectToken, subjectTokenType, actorToken, actorTokenType, requestedTokenType, accessTokenType } = request;
  claims.required(subjectToken, "subject_token", problems);
  claims.required(subjectTokenType, "subject_token_type", problems);
  if ((actorToken === undefined) !== (actorTokenType === undefined))
    problems.add("actor_token and actor_token_type are required together.");
  const given = requestedTokenType ?? TOKEN_TYPES.access_token;
  const on = policy.requestedTokens.filter((name) => name !== "txn_token" || client.tenant.trustDomain !== undefined);
  const requested = readType(given, "requested_token_type", on, problems);
  if (requested !== "access_token" && accessTokenType !== undefined && accessTokenType !== "jwt")
    problems.add("access_token_type does not fit requested_token_type.");
  return {
    subject: readType(subjectTokenType, "subject_token_type", policy.subjectTokens, problems),
    actor: readType(actorTokenType, "actor_token_type", policy.actorTokens, problems),
    requested,
  };
}

/** Absent: an access token. */
function readType(
  given: string | undefined,
  parameter: string,
  allowed: readonly TokenTypeName[],
  problems: Problems,
): TokenTypeName {
  if (given === undefined) return "access_token";
  const name = tokenTypeName(given);
  if (name !== undefined && allowed.includes(name)) return name;
  const expected = allowed.map((one) => TOKEN_TYPES[one]).join(" or ");
  problems.add(`${parameter} must be ${expected === "" ? "absent for this client" : expected}.`);
  return "access_token";
}

/** A transaction token is nothing but that, and what belongs to one would be lost elsewhere. */
function refuseOfTransaction(
  { requestContext, requestDetails }: MintRequest,
  { subject }: Types,
  problems: Problems,
): void {
  if (subject === "txn_token") problems.add("subject_token_type does not fit requested_token_type.");
  if (requestContext !== undefined) problems.add("request_context is for transaction tokens only.");
  if (requestDetails !== undefined) problems.add("request_details is for transaction tokens only.");
}

/** Whether somebody is to be seen to act is the client's policy (RFC 8693 section 1.1). */
function checkMode({ actorToken }: MintRequest, { mode }: TokenExchangePolicy, problems: Problems): void {
  if (mode === "delegation" && actorToken === undefined)
    problems.add("actor_token is required: this client may only get tokens that say who acts.");
  if (mode === "impersonation" && actorToken !== undefined)
    problems.add("actor_token is not allowed: this client may only get tokens without an actor.");
}

/** Throws OAuthError `invalid_target` (RFC 8693 section 2.2.2) for a target that the client may not ask for. */
function checkTargets({ audiences = [], resources = [] }: MintRequest, policy: TokenExchangePolicy, client: Client) {
  for (const name of [...audiences, ...resources]) {
    if (!matchesAnyGlob(policy.audiences, name) || !matchesAnyGlob(client.allowedAudiences, name))
      throw notATarget(name);
  }
}

/** Throws OAuthError `invalid_scope` if a refresh token is asked for that the policy does not allow. */
function checkMayRefresh({ scopes }: MintRequest, { allowRefresh }: TokenExchangePolicy): void {
  if (!allowRefresh && scopes?.includes(OFFLINE_ACCESS))
    throw badScope(OFFLINE_ACCESS, "this client gets no refresh token for an exchange");
}

function notATarget(name: string): OAuthError {
  return new OAuthError("invalid_target", `The audience '${name}' is not allowed for this client.`);
}

async function checkTokens(request: MintRequest, types: Types, context: GrantContext) {
  const { subjectToken = "", actorToken } = request;
  // The actor first: what the request is about is noted last.
  const actor =
    actorToken === undefined ? undefined : await checkPresented("actor_token", actorToken, types.actor, context);
  // Whoever acts for the actor would be lost.
  if (actor?.claims[ACTOR_CLAIM] !== undefined) throw unusable("actor_token", "somebody acts for it already", context);
  const subject = await checkPresented("subject_token", subjectToken, types.subject, context);
  checkMayAct(subject, actor, context);
  return { subject, actor };
}

/** What is issued, and what the answer calls it (RFC 8693 section 2.2.1). */
function formOf(
  requested: TokenTypeName,
): Pick<Decision, "issuesIdToken" | "instead" | "accessTokenType" | "issuedTokenType"> {
  const issuedTokenType = TOKEN_TYPES[requested];
  if (requested === "id_token")
    return { issuesIdToken: false, instead: "id_token", accessTokenType: "jwt", issuedTokenType };
  return { issuesIdToken: false, issuedTokenType, ...(requested === "jwt" && { accessTokenType: "jwt" }) };
}

/**
 * The scopes: those asked for, or as many of the subject token's as the client may have. They only narrow: a token that
 * says what it may be used for gives no more. One that only says who somebody is leaves them to the client's policy.
 *
 * Throws OAuthError `invalid_scope`.
 */
function scopesFor(
  { scopes: asked }: MintRequest,
  { granted }: PresentedToken,
  requested: TokenTypeName,
  client: Client,
): readonly string[] {
  const isAllowed = (scope: string) => client.scopes === "*" || client.scopes.has(scope);
  if (requested === "id_token") {
    for (const scope of asked ?? [])
      if (!IDENTITY_SCOPES.has(scope)) throw badScope(scope, "an id_token has no scopes");
    return [];
  }
  for (const scope of asked ?? []) {
    if (scope !== OFFLINE_ACCESS && granted !== undefined && !granted.scopes.includes(scope))
      throw badScope(scope, "subject_token does not have it");
  }
  return claims.sortedScopes(asked ?? granted?.scopes.filter(isAllowed));
}

/**
 * The audiences and resources that were asked for, all as what the caller added: the policy has to allow them at a refresh
 * too. If none was, the subject token's, without those that only scopes gave which are gone.
 *
 * Throws OAuthError `invalid_target` if the client may not have one of them.
 */
function audienceFor(
  { audiences = [], resources = [] }: MintRequest,
  { granted }: PresentedToken,
  scopes: readonly string[],
  { client: { client, tenant } }: GrantContext,
): readonly Audience[] {
  const asked = new Set([...audiences, ...resources]);
  if (asked.size > 0) return Array.from(asked, (name) => ({ name, added: true }));
  const left = claims.audienceOf(tenant, scopes, []);
  if (granted === undefined) return left;
  const byName = new Map(left.map((audience) => [audience.name, audience]));
  const before = new Set(claims.audienceOf(tenant, granted.scopes, []).map(({ name }) => name));
  const kept = granted.audience.filter((name) => byName.has(name) || !before.has(name));
  const refused = kept.find((name) => name !== ownResources(tenant) && !matchesAnyGlob(client.allowedAudiences, name));
  if (refused !== undefined) throw notATarget(refused);
  return kept.map((name) => byName.get(name) ?? { name });
}
