import { matchesAnyGlob } from "../base/glob.ts";
import type { JsonObject } from "../base/json.ts";
import { OAuthError } from "../engine/errors.ts";
import type { Audience, Decision, GrantContext, GrantHandler } from "../engine/grant.ts";
import type { Problems } from "../engine/problems.ts";
import type { MintParameter, MintRequest } from "../engine/request.ts";
import { type Client, ownResources, TOKEN_EXCHANGE, type TokenExchangePolicy } from "../registry/tenant.ts";
import { ACTOR_CLAIM, countActors, MAX_ACTORS, mayAct } from "../token/actor.ts";
import { joinAncestors, MAX_ANCESTORS } from "../token/ancestor.ts";
import { IDENTITY_SCOPES, OFFLINE_ACCESS } from "../token/scope.ts";
import { TOKEN_TYPES, type TokenTypeName, tokenTypeName } from "../token/token-types.ts";
import * as claims from "./claims.ts";
import { badToken, checkPresented, firstExpiry, keptMayAct, type PresentedToken } from "./presented-tokens.ts";

/** The tokens of a request, and who is to act. */
interface Presented {
  readonly subject: PresentedToken;
  /** Absent: nobody new. */
  readonly actor: PresentedToken | undefined;
}

/**
 * Token exchange (RFC 8693): another token for the subject of one that the client presents. It lives no longer than the
 * presented tokens, says no more than they do, and dies with any of them.
 */
export const tokenExchange: GrantHandler = {
  grantType: TOKEN_EXCHANGE,
  parameters: new Set<MintParameter>([
    ...(["subjectToken", "subjectTokenType", "actorToken", "actorTokenType", "requestedTokenType"] as const),
    ...(["audiences", "resources", "scopes", "accessTokenLifetime", "accessTokenType"] as const),
  ]),
  // RFC 8693 section 5: anybody who got hold of a token could otherwise get more of it.
  clientProof: "required",
  refreshable: true,
  accessTokenTypes: ["jwt", "reference"],

  async decide(request, context) {
    const policy = policyOf(context.client.client);
    const types = readTypes(request, policy, context.problems);
    checkMode(request, policy, context.problems);
    context.problems.refuse();
    checkTargets(request, policy, context.client.client);
    checkMayRefresh(request, policy);

    const presented = await checkTokens(request, types, context);
    const scopes = scopesFor(request, presented.subject, types.requested, context.client.client);
    return {
      ...derived(presented),
      ...formOf(types.requested),
      grantType: this.grantType,
      issuer: context.client.tenant.issuer,
      scopes,
      listsOfflineAccess: false,
      audience: audienceFor(request, presented.subject, scopes, context),
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
function readTypes(request: MintRequest, policy: TokenExchangePolicy, problems: Problems): Types {
  const { subjectToken, subjectTokenType, actorToken, actorTokenType, requestedTokenType, accessTokenType } = request;
  claims.required(subjectToken, "subject_token", problems);
  claims.required(subjectTokenType, "subject_token_type", problems);
  if ((actorToken === undefined) !== (actorTokenType === undefined))
    problems.add("actor_token and actor_token_type are required together.");
  const requested = readType(requestedTokenType, "requested_token_type", ["access_token", "jwt", "id_token"], problems);
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

async function checkTokens(request: MintRequest, types: Types, context: GrantContext): Promise<Presented> {
  const { subjectToken = "", actorToken } = request;
  // The actor first: what the request is about is noted last.
  const actor =
    actorToken === undefined ? undefined : await checkPresented("actor_token", actorToken, types.actor, context);
  // Whoever acts for the actor would be lost.
  if (actor?.claims[ACTOR_CLAIM] !== undefined) throw badToken("actor_token");
  const subject = await checkPresented("subject_token", subjectToken, types.subject, context);
  checkMayAct({ subject, actor }, context);
  return { subject, actor };
}

/**
 * If the subject token says who may act for its subject (RFC 8693 section 4.4), that is the actor, or else the client.
 */
function checkMayAct({ subject, actor }: Presented, { client: { client, tenant } }: GrantContext): void {
  const itself = { iss: tenant.issuer, sub: client.id, client_id: client.id };
  if (!mayAct(subject.claims, subject.party.iss, actor?.party ?? itself)) throw badToken("subject_token");
}

/** What a derived token has of the presented ones. */
function derived({ subject, actor }: Presented) {
  const act = actingFor(subject, actor);
  if (countActors(act) > MAX_ACTORS)
    throw new OAuthError("invalid_request", `subject_token has too many actors already: at most ${MAX_ACTORS} in all.`);
  const presented = actor === undefined ? [subject] : [subject, actor];
  const ancestors = joinAncestors(...presented.map(({ lineage }) => lineage));
  if (ancestors.length > MAX_ANCESTORS)
    throw new OAuthError("invalid_request", `The token would be derived from more than ${MAX_ANCESTORS} others.`);
  return {
    subject: subject.subject,
    ...subject.authentication,
    ...(act !== undefined && { actor: act }),
    mayAct: keptMayAct(subject),
    ancestors: ancestors.length === 0 ? undefined : ancestors,
    latestExpiry: firstExpiry(presented),
  };
}

/** The new actor, and those before (RFC 8693 section 4.1). Without a new one, the chain stays as it is. */
function actingFor({ claims: { [ACTOR_CLAIM]: before } }: PresentedToken, actor: PresentedToken | undefined) {
  const chain = before as JsonObject | undefined;
  if (actor === undefined) return chain;
  return { sub: actor.subject, ...(chain && { [ACTOR_CLAIM]: chain }) };
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

function badScope(scope: string, why: string): OAuthError {
  return new OAuthError("invalid_scope", `The scope '${scope}' is not allowed: ${why}.`);
}

/**
 * The audiences that were asked for. If none was, the subject token's, without those that only scopes gave which are gone.
 *
 * Throws OAuthError `invalid_target` if the client may not have one of them.
 */
function audienceFor(
  { audiences }: MintRequest,
  { granted }: PresentedToken,
  scopes: readonly string[],
  { client: { client, tenant } }: GrantContext,
): readonly Audience[] {
  if (audiences !== undefined) return [...new Set(audiences)].map((name) => ({ name, added: true }));
  const left = claims.audienceOf(tenant, scopes, []);
  if (granted === undefined) return left;
  const byName = new Map(left.map((audience) => [audience.name, audience]));
  const before = new Set(claims.audienceOf(tenant, granted.scopes, []).map(({ name }) => name));
  const kept = granted.audience.filter((name) => byName.has(name) || !before.has(name));
  const refused = kept.find((name) => name !== ownResources(tenant) && !matchesAnyGlob(client.allowedAudiences, name));
  if (refused !== undefined) throw notATarget(refused);
  return kept.map((name) => byName.get(name) ?? { name });
}
