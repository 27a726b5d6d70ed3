import { toSeconds } from "../base/clock.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import { OAuthError } from "../engine/errors.ts";
import type { Decision, GrantContext } from "../engine/grant.ts";
import type { Problems } from "../engine/problems.ts";
import type { MintRequest } from "../engine/request.ts";
import { TOKEN_EXCHANGE } from "../registry/tenant.ts";
import { foldName, isTidy } from "../token/reserved-claims.ts";
import { OFFLINE_ACCESS } from "../token/scope.ts";
import { TOKEN_TYPES, type TokenTypeName } from "../token/token-types.ts";
import * as claims from "./claims.ts";
import {
  badScope,
  badToken,
  checkMayAct,
  checkPresented,
  derivedFrom,
  type PresentedToken,
} from "./presented-tokens.ts";

/** The longest that a transaction token lives, in seconds: as long as a call and the calls that it causes. */
const LIFETIME = 60;

/**
 * Decides a transaction token (draft-ietf-oauth-transaction-tokens-10): what a call is about and whose it is, for all
 * workloads that take part in it. With another one as its subject it replaces that: it is of the same transaction, and may
 * only say more of it.
 *
 * Throws OAuthError.
 */
export async function decideTransaction(
  request: MintRequest,
  type: TokenTypeName,
  context: GrantContext,
): Promise<Decision> {
  const { client, now, problems } = context;
  const given = readGiven(request, type, problems);
  problems.refuse();
  const { trustDomain = "", issuer } = client.tenant;
  checkTarget(request, trustDomain);

  const subject = await checkPresented("subject_token", request.subjectToken ?? "", type, context);
  checkMayAct(subject, undefined, context);
  const scopes = scopesWithin(request.scopes ?? [], subject);
  const replaced: JsonObject = type === "txn_token" ? subject.claims : {};
  const derived = derivedFrom(subject, undefined);
  return {
    ...derived,
    grantType: TOKEN_EXCHANGE,
    issuer,
    scopes,
    listsOfflineAccess: false,
    audience: [{ name: trustDomain }],
    claims: {},
    issuesIdToken: false,
    instead: "txn_token",
    accessTokenType: "jwt",
    issuedTokenType: TOKEN_TYPES.txn_token,
    latestExpiry: Math.min(derived.latestExpiry, toSeconds(now) + LIFETIME),
    transaction: {
      ...(typeof replaced.txn === "string" && { id: replaced.txn }),
      details: addTo(replaced.tctx, given.details, "request_details"),
      context: addTo(replaced.rctx, given.context, "request_context"),
    },
  };
}

/** Reads what is said of the transaction. Notes every problem with the request's parameters. */
function readGiven(request: MintRequest, type: TokenTypeName, problems: Problems) {
  // The draft's "Unknown subject_token scope": an id_token does not say what its subject may have done.
  if (type === "id_token") problems.add("subject_token_type does not fit requested_token_type.");
  if (request.actorToken !== undefined) problems.add("actor_token is not for transaction tokens.");
  claims.requirePresence(request.audiences, "audience", problems);
  claims.requirePresence(request.scopes, "scope", problems);
  return {
    details: claims.jsonObject(request.requestDetails, "request_details", problems),
    context: claims.jsonObject(request.requestContext, "request_context", problems),
  };
}

/** Throws OAuthError `invalid_target` unless the trust domain is what is asked for, and nothing else. */
function checkTarget({ audiences = [], resources = [] }: MintRequest, trustDomain: string): void {
  if (resources.length === 0 && audiences.every((name) => name === trustDomain)) return;
  throw new OAuthError("invalid_target", "audience must be the tenant's trust domain, without any resource.");
}

/** Scopes only narrow. Throws OAuthError: also for a token of which nobody knows what it may be used for. */
function scopesWithin(asked: readonly string[], { granted }: PresentedToken): readonly string[] {
  if (granted === undefined) throw badToken("subject_token");
  for (const scope of asked) {
    if (scope === OFFLINE_ACCESS) throw badScope(scope, "a transaction token is never refreshed");
    if (!granted.scopes.includes(scope)) throw badScope(scope, "subject_token does not have it");
  }
  return claims.sortedScopes(asked);
}

/**
 * What was said, and what is added. Throws OAuthError `invalid_request` if something would change, or seem to for a reader
 * that ignores case, or what is not visible.
 */
function addTo(said: JsonValue | undefined, added: JsonObject, parameter: string): JsonObject {
  const before = isJsonObject(said) ? said : {};
  const taken = new Set(Object.keys(before).map(foldName));
  for (const name of Object.keys(added)) {
    if (taken.has(foldName(name)) || (taken.size > 0 && !isTidy(name)))
      throw new OAuthError(
        "invalid_request",
        `${parameter} must not change '${name}': it can only add to what is said.`,
      );
  }
  return { ...before, ...added };
}
