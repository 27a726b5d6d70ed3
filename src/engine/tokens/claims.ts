import { type Instant, toSeconds } from "../../base/clock.ts";
import type { JsonMembers, JsonObject } from "../../base/json.ts";
import type { Client } from "../../registry/tenant.ts";
import { ACCESS_TOKEN_PROFILES } from "../../token/access-token-profile.ts";
import { ACTOR_CLAIM, MAY_ACT_CLAIM } from "../../token/actor.ts";
import { ANCESTORS_CLAIM, type Ancestor } from "../../token/ancestor.ts";
import { OFFLINE_ACCESS } from "../../token/scope.ts";
import type { Transaction } from "../grant.ts";
import type { Approval } from "../policy.ts";
import { subjectOf } from "../subjects.ts";

const NO_TRANSACTION: Transaction = { details: {}, context: {} };

/** The claims of an access token, JWT or reference, in the client's profile. */
export function accessTokenClaims(approval: Approval, client: Client, jti: string, now: Instant): JsonMembers {
  const scope = approval.listsOfflineAccess
    ? approval.scopes
    : approval.scopes.filter((name) => name !== OFFLINE_ACCESS);
  const iat = toSeconds(now);
  // The caller's own claims come last and override nothing: names that the mint owns were refused before.
  return {
    nbf: iat,
    exp: iat + approval.accessTokenLifetime,
    iat,
    jti,
    iss: approval.issuer,
    aud: approval.audience.map(({ name }) => name),
    client_id: client.id,
    sub: subjectOf(approval.subject, client),
    auth_time: approval.authTime,
    idp: approval.idp,
    amr: approval.amr,
    scope: scope.length > 0 ? ACCESS_TOKEN_PROFILES[client.accessTokenProfile].scopeClaim(scope) : undefined,
    ...approval.fixedClaims,
    ...approval.namespaceClaim,
    ...approval.claims,
    // Last, so that nothing of the caller's can stand in for a restriction.
    cnf: approval.confirmation,
    ...chainClaims(approval),
  };
}

/** Who acts, who may, and what the token is derived from (RFC 8693 section 4). */
function chainClaims({ actor, mayAct, ancestors }: Approval) {
  if (actor === undefined && mayAct === undefined && ancestors === undefined) return undefined;
  return {
    [ACTOR_CLAIM]: actor,
    ...(mayAct && { [MAY_ACT_CLAIM]: mayAct }),
    [ANCESTORS_CLAIM]: ancestors?.map(withoutAbsent),
  };
}

/**
 * The claims of an id_token (OpenID Connect Core section 2). It never has a `client_id`: that is what tells it from an
 * access token. `atHash` is the left half of the hash of the access token that is issued with it.
 */
export function idTokenClaims(
  approval: Approval,
  clientId: string,
  atHash: string | undefined,
  now: Instant,
): JsonMembers {
  const iat = toSeconds(now);
  const added = approval.audience.filter((audience) => audience.added).map(({ name }) => name);
  const audience = [...new Set([clientId, ...added])];
  return {
    nbf: iat,
    exp: iat + approval.idTokenLifetime,
    iat,
    iss: approval.issuer,
    aud: audience,
    // Who asked for it, if it is for others too: they refuse it otherwise (OpenID Connect Core section 3.1.3.7).
    azp: audience.length > 1 ? clientId : undefined,
    at_hash: atHash,
    sub: approval.subject,
    auth_time: approval.authTime,
    idp: approval.idp,
    amr: approval.amr,
    ...approval.fixedClaims,
    ...approval.claims,
  };
}

/**
 * The claims of an id_token that is issued instead of an access token. It has a `jti`, unlike one that is issued with an
 * access token: that is what derived tokens know it by.
 */
export function exchangedIdTokenClaims(approval: Approval, clientId: string, jti: string, now: Instant): JsonMembers {
  const identity = idTokenClaims(approval, clientId, undefined, now);
  // Whoever shows it for another token needs the key, as for the token that it was got for.
  return { ...identity, jti, cnf: approval.confirmation, ...chainClaims(approval) };
}

/**
 * The claims of a transaction token (draft-ietf-oauth-transaction-tokens-10, "JWT Body Claims"). It has no `client_id`, and
 * nothing of what a caller or a registration puts into other tokens.
 */
export function transactionClaims(approval: Approval, client: Client, jti: string, now: Instant): JsonMembers {
  const { transaction = NO_TRANSACTION } = approval;
  const iat = toSeconds(now);
  return {
    iss: approval.issuer,
    iat,
    exp: iat + approval.accessTokenLifetime,
    aud: approval.audience[0]?.name,
    jti,
    txn: transaction.id ?? jti,
    sub: approval.subject,
    scope: approval.scopes.join(" "),
    // Who asked, as it proved: no request can say it.
    req_wl: client.id,
    tctx: transaction.details,
    rctx: transaction.context,
    ...chainClaims(approval),
  };
}

/** An ancestor's members that have a value. */
function withoutAbsent(ancestor: Ancestor): JsonObject {
  return Object.fromEntries(Object.entries(ancestor).filter(([, value]) => value !== undefined));
}
