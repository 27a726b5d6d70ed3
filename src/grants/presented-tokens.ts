import { IdTokenError } from "../authorities/port.ts";
import { FOREVER, type Instant, toSeconds } from "../base/clock.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import { OAuthError } from "../engine/errors.ts";
import type { Decision, GrantContext, PresentedFlaw, SourceToken } from "../engine/grant.ts";
import { checkDistinct } from "../engine/subjects.ts";
import type { Authority } from "../registry/tenant.ts";
import { ACTOR_CLAIM, countActors, MAX_ACTORS, MAY_ACT_CLAIM, mayAct, type Party } from "../token/actor.ts";
import { ANCESTORS_CLAIM, type Ancestor, joinAncestors, MAX_ANCESTORS } from "../token/ancestor.ts";
import { OFFLINE_ACCESS } from "../token/scope.ts";
import type { TokenTypeName } from "../token/token-types.ts";
import * as claims from "./claims.ts";

/** A token that a caller presented to get another for it, checked. */
export interface PresentedToken {
  readonly subject: string;
  /** Who its subject is to whoever issued it. */
  readonly party: Party;
  readonly claims: JsonObject;
  readonly expiresAt: Instant;
  /** What a derived token is to die with. Empty: an authority issued it. */
  readonly lineage: readonly Ancestor[];
  /** What it may be used for; undefined: it only says who somebody is. */
  readonly granted: { readonly scopes: readonly string[]; readonly audience: readonly string[] } | undefined;
  /** How its subject was authenticated. */
  readonly authentication: Pick<Decision, "authTime" | "idp" | "amr">;
}

/**
 * Checks a presented token (RFC 8693 section 2.1). Throws OAuthError `invalid_request`, with one message for whatever makes
 * it unusable, and AuthorityUnavailableError.
 */
export async function checkPresented(
  parameter: "subject_token" | "actor_token",
  text: string,
  type: TokenTypeName,
  context: GrantContext,
): Promise<PresentedToken> {
  const of = parameter === "actor_token" ? "actor" : "subject";
  const presented = await find(text, type, of, context);
  // A token that is bound to a key is worth nothing without a proof of that key (RFC 7800).
  if (presented === undefined) throw badToken(parameter);
  // One of an authority is none of this tenant, and was looked for as such first.
  context.noteFlaw(undefined);
  if (!context.isProven(presented.claims.cnf)) throw unusable(parameter, "bound to another key", context);
  const { client, tenant } = context.client;
  // An authority may have somebody with the name of a client, who must not be taken for it, nor be seen to act as it.
  if (presented.lineage.length === 0) checkDistinct(presented.subject, client, tenant, `The subject of ${parameter}`);
  return presented;
}

/** The one message for every way in which a presented token cannot be used, so that a thief learns nothing. */
export function badToken(parameter: "subject_token" | "actor_token"): OAuthError {
  return new OAuthError(
    "invalid_request",
    `${parameter} is not of that type, cannot be used by this client, has expired or was revoked.`,
  );
}

/** The same, with why for the log. */
export function unusable(
  parameter: "subject_token" | "actor_token",
  flaw: PresentedFlaw,
  context: Pick<GrantContext, "noteFlaw">,
): OAuthError {
  context.noteFlaw(flaw);
  return badToken(parameter);
}

/** Whose a token is in a request. */
type Role = "subject" | "actor";

async function find(
  text: string,
  type: TokenTypeName,
  of: Role,
  context: GrantContext,
): Promise<PresentedToken | undefined> {
  const own = await findOwn(text, type, of, context);
  if (own !== undefined) return describeOwn(own, type, context);
  return type === "access_token" || type === "txn_token" ? undefined : findForeign(text, context);
}

/** A JWT is one of this mint's access tokens, or an authority's: whatever it is, it is a JWT. */
async function findOwn(
  text: string,
  type: TokenTypeName,
  of: Role,
  context: GrantContext,
): Promise<SourceToken | undefined> {
  if (type === "id_token" || type === "txn_token") return context.sourceToken(text, type, of);
  return type === "jwt" && !text.includes(".") ? undefined : context.sourceToken(text, "access_token", of);
}

function describeOwn(token: SourceToken, type: TokenTypeName, context: GrantContext): PresentedToken | undefined {
  const { subject, clientId, lineage, expiresAt } = token;
  const { issuer } = context.client.tenant;
  // With another issuer, its subject is none of this tenant's.
  if (subject === undefined || token.claims.iss !== issuer) {
    context.noteFlaw("not about a subject of this tenant");
    return undefined;
  }
  const { scope, aud, auth_time: authTime, idp, amr } = token.claims;
  // One that was got for an access token must not give more than that did: it says nothing of its scopes, so none.
  const onlyIdentifies = type === "id_token" && token.claims[ANCESTORS_CLAIM] === undefined;
  return {
    subject,
    party: { iss: issuer, sub: subject, client_id: type === "id_token" || type === "txn_token" ? undefined : clientId },
    claims: token.claims,
    expiresAt,
    lineage,
    granted: onlyIdentifies ? undefined : { scopes: scopesIn(scope), audience: stringsIn(aud) },
    authentication: {
      authTime: typeof authTime === "number" ? authTime : undefined,
      idp: typeof idp === "string" ? idp : undefined,
      amr: amr === undefined ? undefined : stringsIn(amr),
    },
  };
}

/** `scope` is a list or one string, as the profile of the token's client has it. */
function scopesIn(scope: JsonValue | undefined): readonly string[] {
  const scopes = typeof scope === "string" ? scope.split(" ") : stringsIn(scope);
  return scopes.filter((name) => name !== OFFLINE_ACCESS);
}

function stringsIn(value: JsonValue | undefined): readonly string[] {
  return value !== undefined && claims.isStringArray(value) ? value : [];
}

/** A JWT of one of the tenant's authorities: an id_token, or another that looks like one. */
async function findForeign(text: string, context: GrantContext): Promise<PresentedToken | undefined> {
  for (const authority of context.client.tenant.authorities.values()) {
    const verified = await verify(text, authority, context);
    if (verified !== undefined) return describeForeign(verified, authority, context);
  }
  return undefined;
}

/** Undefined if it is another authority's, or not valid. */
async function verify(text: string, authority: Authority, context: GrantContext): Promise<JsonObject | undefined> {
  try {
    return await context.authorities.verify(authority, text, context.now);
  } catch (error) {
    if (error instanceof IdTokenError) return undefined;
    throw error;
  }
}

function describeForeign(
  verified: JsonObject,
  authority: Authority,
  { client, now }: GrantContext,
): PresentedToken | undefined {
  const { sub, exp, auth_time: authTime } = verified;
  const expiresAt = Math.min(Math.floor(Number(exp)) * 1000, FOREVER);
  const subject = authority.subjectPrefix + String(sub);
  // Its clock may differ from this one, but nothing may outlive it. Its actors' names are none of this tenant's.
  if (expiresAt <= now || verified[ACTOR_CLAIM] !== undefined) return undefined;
  if (subject.length > client.tenant.limits.subjectLength) return undefined;
  return {
    subject,
    party: { iss: authority.issuer, sub: String(sub), client_id: undefined },
    claims: verified,
    expiresAt,
    lineage: [],
    granted: undefined,
    authentication: {
      authTime: Number.isSafeInteger(authTime) ? Number(authTime) : undefined,
      idp: "local",
      amr: authority.amr,
    },
  };
}

/** `may_act` as a derived token keeps it: an authority means its own subjects, and the claim then has to say so. */
function keptMayAct({ claims: { [MAY_ACT_CLAIM]: claim }, lineage, party }: PresentedToken) {
  if (claim === undefined) return undefined;
  return { ...(lineage.length === 0 && { iss: party.iss }), ...(claim as JsonObject) };
}

/** The whole seconds, since the Unix epoch, at which the first of some tokens expires. */
function firstExpiry(tokens: readonly PresentedToken[]): number {
  return toSeconds(Math.min(...tokens.map(({ expiresAt }) => expiresAt)));
}

/**
 * If the subject token says who may act for its subject (RFC 8693 section 4.4), that is the actor, or else the client.
 * Throws OAuthError `invalid_request` if it is not.
 */
export function checkMayAct(subject: PresentedToken, actor: PresentedToken | undefined, context: GrantContext): void {
  const { client, tenant } = context.client;
  const itself = { iss: tenant.issuer, sub: client.id, client_id: client.id };
  if (!mayAct(subject.claims, subject.party.iss, actor?.party ?? itself))
    throw unusable("subject_token", "may_act names another", context);
}

/**
 * What a derived token has of the presented ones. Throws OAuthError `invalid_request` if it would have too many actors or
 * ancestors.
 */
export function derivedFrom(subject: PresentedToken, actor: PresentedToken | undefined) {
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

/** The refusal of a scope. `why`: as the end of a sentence. */
export function badScope(scope: string, why: string): OAuthError {
  return new OAuthError("invalid_scope", `The scope '${scope}' is not allowed: ${why}.`);
}
