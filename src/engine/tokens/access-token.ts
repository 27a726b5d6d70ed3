import { FOREVER, type Instant } from "../../base/clock.ts";
import { type JsonObject, parseExactJson } from "../../base/json.ts";
import { parseJti } from "../../token/jti.ts";
import { handleDigest, looksLikeHandle } from "../../token/reference-token.ts";
import { cutIds, isCut } from "../../token/revocation.ts";
import { rowMacGeneration } from "../../token/row-mac.ts";
import type { TenantWorld } from "../context.ts";

/** An access token that this tenant's mint made, alive or not. */
export interface AccessToken {
  readonly claims: JsonObject;
  readonly clientId: string;
  readonly jti: string;
  readonly subject: string | undefined;
  /** The family of its grant, where it has one. */
  readonly family: string | undefined;
  /** When it was minted. */
  readonly moment: Instant;
  readonly expiresAt: Instant;
  /** The key that signed it; a reference token has none. */
  readonly kid: string | undefined;
  /** The generation of the refresh key that made the MAC of a reference token's row. */
  readonly rowKey?: number | undefined;
}

/** The access token that a text is, or undefined for any other text: an id_token, a refresh token, another mint's. */
export async function readAccessToken(
  world: TenantWorld,
  text: string,
  now: Instant,
): Promise<AccessToken | undefined> {
  if (!looksLikeHandle(text)) {
    const verified = await world.keyring.verify(text, now);
    return verified && describe(verified.claims, verified.kid);
  }
  const row = await world.store.referenceTokens.find(handleDigest(text));
  const token = row && describe(parseExactJson(row.claims) as JsonObject, undefined);
  return token && { ...token, rowKey: rowMacGeneration(row.mac) };
}

/** Whether a token has neither expired nor been revoked, and its client is enabled. Reads the store, never a cache. */
export async function isAlive(world: TenantWorld, token: AccessToken, now: Instant): Promise<boolean> {
  if (token.expiresAt <= now || isAhead(world, token, now) || !isClientEnabled(world, token.clientId)) return false;
  const [family, cuts] = await Promise.all([
    token.family === undefined ? undefined : world.store.families.find(token.family),
    world.store.revocations.find(cutsThatApply(world, token)),
  ]);
  // The cut of a token goes once that has expired: whoever looked after the sweeper did is after the end too.
  if (token.expiresAt <= world.clock.now()) return false;
  if (token.family !== undefined && (family === undefined || family.revokedAt !== undefined)) return false;
  return !isCut(cuts, family === undefined ? [token.moment] : [token.moment, family.mintedAt]);
}

/** Whether it is of a moment that no clock can have told yet (RFC 7519 section 4.1.5). */
function isAhead({ maxClockSkew }: TenantWorld, { moment, claims: { nbf } }: AccessToken, now: Instant): boolean {
  const latest = now + maxClockSkew;
  return moment > latest || (typeof nbf === "number" && nbf * 1000 > latest);
}

/** Whether a client is one of the tenant's today: what another minted is worth nothing. */
function isClientEnabled({ tenant }: TenantWorld, clientId: string): boolean {
  return tenant.clients.get(clientId)?.enabled === true;
}

/** A live access token, or undefined. */
export async function findLiveAccessToken(
  world: TenantWorld,
  text: string,
  now: Instant,
): Promise<AccessToken | undefined> {
  const token = await readAccessToken(world, text, now);
  return token && (await isAlive(world, token, now)) ? token : undefined;
}

/** The ids of all cuts that could kill what a client minted, for a subject or for none. */
export function mintCuts(
  world: TenantWorld,
  subject: string | undefined,
  clientId: string,
  namespace: unknown,
): readonly string[] {
  if (subject === undefined) return [cutIds.client(clientId)];
  // The namespace of the mint and today's: whichever a revocation meant, nothing escapes it.
  const namespaces = new Set([namespace, world.tenant.clients.get(clientId)?.namespace]);
  return [
    cutIds.client(clientId),
    cutIds.subjectOfClient(subject, clientId),
    ...[...namespaces]
      .filter((name) => typeof name === "string")
      .map((name) => cutIds.subjectOfNamespace(subject, name)),
  ];
}

/** The ids of the cuts of the key that made it. */
export function keyCuts({ kid, rowKey }: AccessToken): readonly string[] {
  return [...(kid === undefined ? [] : [cutIds.kid(kid)]), ...(rowKey === undefined ? [] : [cutIds.tokenKey(rowKey)])];
}

function cutsThatApply(world: TenantWorld, token: AccessToken): readonly string[] {
  return [
    cutIds.jti(token.jti),
    ...keyCuts(token),
    ...mintCuts(world, token.subject, token.clientId, token.claims[world.tenant.markClaim]),
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
    moment: parsed.moment,
    expiresAt: typeof exp === "number" ? exp * 1000 : FOREVER,
    kid,
  };
}
