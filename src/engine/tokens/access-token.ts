import { FOREVER, type Instant } from "../../base/clock.ts";
import { type JsonObject, parseExactJson } from "../../base/json.ts";
import { parseJti } from "../../token/jti.ts";
import { handleDigest, looksLikeHandle } from "../../token/reference-token.ts";
import { isRevoked, revocationIds } from "../../token/revocation.ts";
import { rowMacGeneration } from "../../token/row-mac.ts";
import type { TenantContext } from "../context.ts";

/** An access token that this tenant's mint made, alive or not. */
export interface AccessToken {
  readonly claims: JsonObject;
  readonly clientId: string;
  readonly jti: string;
  readonly subject: string | undefined;
  /** The family of its grant, if it has one. */
  readonly family: string | undefined;
  /** When it was minted. */
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  /** The key that signed it; a reference token has none. */
  readonly kid: string | undefined;
  /** The generation of the refresh key that made the MAC of a reference token's row. */
  readonly rowKey?: number | undefined;
}

/** The access token that a text is, or undefined for any other text: an id_token, a refresh token, another mint's. */
export async function readAccessToken(
  context: TenantContext,
  text: string,
  now: Instant,
): Promise<AccessToken | undefined> {
  if (!looksLikeHandle(text)) {
    const verified = await context.keyring.verify(text, now);
    return verified && describe(verified.claims, verified.kid);
  }
  const row = await context.store.referenceTokens.find(handleDigest(text));
  const token = row && describe(parseExactJson(row.claims) as JsonObject, undefined);
  return token && { ...token, rowKey: rowMacGeneration(row.mac) };
}

/** Whether a token has neither expired nor been revoked, and its client is enabled. Reads the store, never a cache. */
export async function isAlive(context: TenantContext, token: AccessToken, now: Instant): Promise<boolean> {
  if (token.expiresAt <= now || isAhead(context, token, now) || !isClientEnabled(context, token.clientId)) return false;
  const [family, revocations] = await Promise.all([
    token.family === undefined ? undefined : context.store.families.find(token.family),
    context.store.revocations.find(revocationIdsOf(context, token)),
  ]);
  // The revocation of a token goes once that has expired: whoever looked after the sweeper did is after the end too.
  if (token.expiresAt <= context.clock.now()) return false;
  if (token.family !== undefined && (family === undefined || family.revokedAt !== undefined)) return false;
  return !isRevoked(revocations, family === undefined ? [token.issuedAt] : [token.issuedAt, family.mintedAt]);
}

/** Whether it is of a moment that no clock can have told yet (RFC 7519 section 4.1.5). */
function isAhead({ maxClockSkew }: TenantContext, { issuedAt, claims: { nbf } }: AccessToken, now: Instant): boolean {
  const latest = now + maxClockSkew;
  return issuedAt > latest || (typeof nbf === "number" && nbf * 1000 > latest);
}

/** Whether a client is one of the tenant's today: what another minted is worth nothing. */
function isClientEnabled({ tenant }: TenantContext, clientId: string): boolean {
  return tenant.clients.get(clientId)?.enabled === true;
}

/** A live access token, or undefined. */
export async function findLiveAccessToken(
  context: TenantContext,
  text: string,
  now: Instant,
): Promise<AccessToken | undefined> {
  const token = await readAccessToken(context, text, now);
  return token && (await isAlive(context, token, now)) ? token : undefined;
}

/** The ids of all revocations that could kill what a client minted, for a subject or for none. */
export function mintRevocationIds(
  context: TenantContext,
  subject: string | undefined,
  clientId: string,
  namespace: unknown,
): readonly string[] {
  if (subject === undefined) return [revocationIds.client(clientId)];
  // The namespace of the mint and today's: whichever a revocation meant, nothing escapes it.
  const namespaces = new Set([namespace, context.tenant.clients.get(clientId)?.namespace]);
  return [
    revocationIds.client(clientId),
    revocationIds.subjectOfClient(subject, clientId),
    ...[...namespaces]
      .filter((name) => typeof name === "string")
      .map((name) => revocationIds.subjectOfNamespace(subject, name)),
  ];
}

/** The ids of the revocations of the key that made it. */
export function keyRevocationIds({ kid, rowKey }: AccessToken): readonly string[] {
  return [
    ...(kid === undefined ? [] : [revocationIds.kid(kid)]),
    ...(rowKey === undefined ? [] : [revocationIds.refreshKey(rowKey)]),
  ];
}

function revocationIdsOf(context: TenantContext, token: AccessToken): readonly string[] {
  return [
    revocationIds.jti(token.jti),
    ...keyRevocationIds(token),
    ...mintRevocationIds(context, token.subject, token.clientId, token.claims[context.tenant.namespaceClaim]),
  ];
}

function describe(claims: JsonObject, kid: string | undefined): AccessToken | undefined {
  const { client_id: clientId, jti, sub, exp } = claims;
  const parsed = typeof jti === "string" ? parseJti(jti) : undefined;
  if (typeof clientId !== "string" || typeof jti !== "string" || parsed === undefined) return undefined;
  return {
    claims,
    clientId,
    jti,
    subject: typeof sub === "string" ? sub : undefined,
    family: parsed.family,
    issuedAt: parsed.issuedAt,
    expiresAt: typeof exp === "number" ? exp * 1000 : FOREVER,
    kid,
  };
}
