import { FOREVER, type Instant } from "../../base/clock.ts";
import { type JsonObject, parseExactJson } from "../../base/json.ts";
import type { VerifiedJwt } from "../../keyring/port.ts";
import type { Client } from "../../registry/tenant.ts";
import type { Because } from "../../telemetry/events.ts";
import { isAccessTokenType } from "../../token/access-token-profile.ts";
import { type Ancestor, ancestorsIn } from "../../token/ancestor.ts";
import { parseJti } from "../../token/jti.ts";
import { handleDigest, looksLikeHandle } from "../../token/reference-token.ts";
import { isRevoked, revocationIds } from "../../token/revocation.ts";
import { rowMacGeneration } from "../../token/row-mac.ts";
import type { RequestContext, TenantContext } from "../context.ts";
import { findEnds, whyAncestorDead } from "./ancestors.ts";
import { keyRevocationIds, mintRevocationIds } from "./revocation-ids.ts";

/** An access token that this tenant issued, whether or not it is still active. */
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
  /** The key that signed it; undefined for a reference token. */
  readonly kid: string | undefined;
  /** The generation of the refresh key behind the MAC of a reference token's row. */
  readonly rowKey?: number | undefined;
  /** The tokens that it was derived from: it dies with any of them. */
  readonly ancestors: readonly Ancestor[];
  /** See {@link revocationIdsOf}. */
  lastIds?: LastIds;
}

/** The ids of all revocations that can kill a token, and what they depend on besides the token. */
interface LastIds {
  readonly client: Client | undefined;
  readonly namespaceClaim: string;
  readonly ids: readonly string[];
}

/** What the claims of verified JWTs say. The keyring remembers those that are introspected again and again. */
const described = new WeakMap<VerifiedJwt, AccessToken>();

/**
 * Reads a text as an access token of this tenant. Returns undefined for any other text: an id_token, a refresh token,
 * another mint's token. The request's event names the token, whoever's it is.
 */
export async function readAccessToken(
  context: RequestContext,
  text: string,
  now: Instant,
): Promise<AccessToken | undefined> {
  const token = await read(context, text, now);
  if (token === undefined) context.note({ because: "not a token of this tenant" });
  else context.note({ jti: token.jti, family: token.family, subject: token.subject });
  return token;
}

async function read(context: TenantContext, text: string, now: Instant): Promise<AccessToken | undefined> {
  if (!looksLikeHandle(text)) {
    const verified = await context.keyring.verify(text, now);
    // Verifies expired tokens too: whether one is still active is for `isAlive`.
    if (verified === undefined || !isAccessTokenType(verified.typ)) return undefined;
    return describeVerified(verified);
  }
  const row = await context.store.referenceTokens.find(handleDigest(text));
  const token = row && describe(parseExactJson(row.claims) as JsonObject, undefined);
  return token && { ...token, rowKey: rowMacGeneration(row.mac) };
}

/**
 * Whether a token has neither expired nor been revoked, and its client is enabled. The request's event says why if not.
 * Reads the store, never a cache.
 */
export async function isAlive(context: RequestContext, token: AccessToken, now: Instant): Promise<boolean> {
  const because = await whyDead(context, token, now);
  context.note({ because });
  return because === undefined;
}

async function whyDead(context: TenantContext, token: AccessToken, now: Instant): Promise<Because | undefined> {
  if (token.expiresAt <= now) return "expired";
  if (isAhead(context, token, now)) return "ahead of the clock";
  if (!isClientEnabled(context, token.clientId)) return "client disabled or unknown";
  if (context.issuingClock.mayLackRevocation(token.issuedAt, token.expiresAt)) return "clock behind its revocations";
  const ends = () => findEnds(context, revocationIdsOf(context, token), token.ancestors);
  const [family, found] =
    token.family === undefined
      ? [undefined, await ends()]
      : await Promise.all([context.store.families.find(token.family), ends()]);
  // A second look at the clock: the sweeper may have deleted a revocation before it was looked up here, which it does
  // only after the token has expired.
  if (token.expiresAt <= context.clock.now()) return "expired";
  if (token.family !== undefined && (family === undefined || family.revokedAt !== undefined))
    return "grant revoked or unknown";
  const times = family === undefined ? [token.issuedAt] : [token.issuedAt, family.mintedAt];
  if (isRevoked(found.own, times)) return "revoked";
  return whyAncestorDead(context, found, token.expiresAt);
}

/**
 * Whether it was issued later than any clock can read by now (RFC 7519 section 4.1.5): somebody with the key wrote
 * that, to escape revocations.
 */
function isAhead({ maxClockSkew }: TenantContext, { issuedAt, claims: { nbf } }: AccessToken, now: Instant): boolean {
  const latest = now + maxClockSkew;
  return issuedAt > latest || (typeof nbf === "number" && nbf * 1000 > latest);
}

/** Whether the client is configured and enabled now: tokens of a removed client are worth nothing. */
function isClientEnabled({ tenant }: TenantContext, clientId: string): boolean {
  return tenant.clients.get(clientId)?.enabled === true;
}

/** A client sees its own tokens, those whose `aud` names it, and what its configuration adds (RFC 7662 section 4). */
export function maySee(
  caller: Client,
  { clientId, claims: { aud } }: Pick<AccessToken, "clientId" | "claims">,
): boolean {
  if (caller.introspection === "tenant" || clientId === caller.id) return true;
  const names = caller.introspection === "own" ? [caller.id] : [caller.id, ...caller.introspection];
  return Array.isArray(aud) && names.some((name) => aud.includes(name));
}

/** Reads a text as an active access token; undefined for any other text. */
export async function findLiveAccessToken(
  context: RequestContext,
  text: string,
  now: Instant,
): Promise<AccessToken | undefined> {
  const token = await readAccessToken(context, text, now);
  return token && (await isAlive(context, token, now)) ? token : undefined;
}

/** The ids of all revocations that can kill a token. They stay with it, until its client is configured otherwise. */
function revocationIdsOf(context: TenantContext, token: AccessToken): readonly string[] {
  const { namespaceClaim, clients } = context.tenant;
  const client = clients.get(token.clientId);
  const { lastIds } = token;
  if (lastIds !== undefined && lastIds.client === client && lastIds.namespaceClaim === namespaceClaim)
    return lastIds.ids;
  const ids = [
    revocationIds.jti(token.jti),
    ...keyRevocationIds(token),
    ...mintRevocationIds(context, token.subject, token.clientId, token.claims[namespaceClaim]),
  ];
  token.lastIds = { client, namespaceClaim, ids };
  return ids;
}

function describeVerified(verified: VerifiedJwt): AccessToken | undefined {
  const known = described.get(verified);
  if (known !== undefined) return known;
  const token = describe(verified.claims, verified.kid);
  if (token !== undefined) described.set(verified, token);
  return token;
}

function describe(claims: JsonObject, kid: string | undefined): AccessToken | undefined {
  const { client_id: clientId, jti, sub, exp } = claims;
  const parsed = typeof jti === "string" ? parseJti(jti) : undefined;
  const ancestors = ancestorsIn(claims);
  if (typeof clientId !== "string" || typeof jti !== "string" || parsed === undefined || ancestors === undefined)
    return undefined;
  return {
    claims,
    clientId,
    jti,
    subject: typeof sub === "string" ? sub : undefined,
    family: parsed.family,
    issuedAt: parsed.issuedAt,
    expiresAt: typeof exp === "number" ? exp * 1000 : FOREVER,
    kid,
    ancestors,
  };
}
