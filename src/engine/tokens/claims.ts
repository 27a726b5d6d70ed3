import { type Instant, toSeconds } from "../../base/clock.ts";
import type { JsonObject, JsonValue } from "../../base/json.ts";
import type { Client } from "../../registry/tenant.ts";
import { ACCESS_TOKEN_PROFILES } from "../../token/access-token-profile.ts";
import { OFFLINE_ACCESS } from "../../token/scope.ts";
import type { Approval } from "../policy.ts";
import { subjectOf } from "../subjects.ts";

/** The claims of an access token, JWT or reference, in the client's profile. */
export function accessTokenClaims(approval: Approval, client: Client, jti: string, now: Instant): JsonObject {
  const scope = approval.listsOfflineAccess
    ? approval.scopes
    : approval.scopes.filter((name) => name !== OFFLINE_ACCESS);
  const iat = toSeconds(now);
  // The caller's own claims come last and override nothing: names that the mint owns were refused before.
  return withoutAbsent({
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
    act: approval.actor,
  });
}

/**
 * The claims of an id_token (OpenID Connect Core section 2). It never has a `client_id`: that is what tells it from an
 * access token. `atHash` is the left half of the access token's hash.
 */
export function idTokenClaims(approval: Approval, clientId: string, atHash: string, now: Instant): JsonObject {
  const iat = toSeconds(now);
  const added = approval.audience.filter((audience) => audience.added).map(({ name }) => name);
  const audience = [...new Set([clientId, ...added])];
  return withoutAbsent({
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
  });
}

/** A claim that is undefined is not there: JSON would leave it out, and a reference token's row must say the same. */
function withoutAbsent(claims: { readonly [name: string]: JsonValue | undefined }): JsonObject {
  return Object.fromEntries(
    Object.entries(claims).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  );
}
