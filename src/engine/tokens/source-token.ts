import type { JsonObject, JsonValue } from "../../base/json.ts";
import type { VerifiedJwt } from "../../keyring/port.ts";
import type { Client } from "../../registry/tenant.ts";
import type { Because } from "../../telemetry/events.ts";
import { type Ancestor, ancestorsIn, joinAncestors } from "../../token/ancestor.ts";
import { parseJti } from "../../token/jti.ts";
import type { RequestContext } from "../context.ts";
import type { SourceToken } from "../grant.ts";
import { type AccessToken, isAlive, maySee, readAccessToken } from "./access-token.ts";
import { whyAnyDead } from "./ancestors.ts";

/** A JWT of this tenant that is no access token, whether or not it is still valid. */
interface OtherJwt extends Omit<SourceToken, "lineage"> {
  /** What may revoke it. */
  readonly own: Ancestor;
  readonly ancestors: readonly Ancestor[];
}

/**
 * The live token that a text is, for a client that is to get another for it. A client may use what it may introspect: its
 * own tokens, those whose `aud` names it, and what its configuration adds. Undefined for any other text.
 */
export async function findSourceToken(
  context: RequestContext,
  caller: Client,
  text: string,
  kind: "access_token" | "id_token" | "txn_token",
): Promise<SourceToken | undefined> {
  if (kind === "access_token") return findAccessToken(context, caller, text);
  const token = kind === "id_token" ? await readIdToken(context, text) : await readTransactionToken(context, text);
  if (token === undefined) return unusable(context, "not a token of this tenant");
  context.note({ subject: token.subject });
  // A transaction token is for every workload of the trust domain.
  if (kind === "id_token" && !maySee(caller, token)) return unusable(context, "not this client's business");
  return findLive(context, token);
}

async function findAccessToken(
  context: RequestContext,
  caller: Client,
  text: string,
): Promise<SourceToken | undefined> {
  const token = await readAccessToken(context, text, context.reading.now);
  if (token === undefined) return undefined;
  if (!maySee(caller, token)) return unusable(context, "not this client's business");
  if (!(await isAlive(context, token, context.reading.now))) return undefined;
  const { claims, clientId, subject, expiresAt, ancestors } = token;
  return { claims, clientId, subject, expiresAt, lineage: joinAncestors([asAncestor(context, token)], ancestors) };
}

function asAncestor({ tenant }: RequestContext, token: AccessToken): Ancestor {
  const { jti, clientId: client, subject, issuedAt, kid, rowKey, claims } = token;
  return { jti, client, subject, namespace: namespaceIn(claims, tenant.namespaceClaim), issuedAt, kid, rowKey };
}

function namespaceIn(claims: JsonObject, name: string): string | undefined {
  const namespace = claims[name];
  return typeof namespace === "string" ? namespace : undefined;
}

async function findLive(context: RequestContext, token: OtherJwt): Promise<SourceToken | undefined> {
  const { own, ancestors, ...described } = token;
  const because = await whyDead(context, token);
  context.note({ because });
  return because === undefined ? { ...described, lineage: joinAncestors([own], ancestors) } : undefined;
}

/**
 * An id_token does not tell the grant that it was issued with. So what ends it is a revocation of its subject, of its
 * client or of its key; and its time, to the second.
 */
async function readIdToken(context: RequestContext, text: string): Promise<OtherJwt | undefined> {
  const verified = await context.keyring.verify(text, context.reading.now);
  // Only access tokens have a `client_id`.
  if (verified?.typ !== "JWT" || verified.claims.client_id !== undefined) return undefined;
  const { aud, azp } = verified.claims;
  return describe(verified, azp ?? (Array.isArray(aud) ? aud[0] : undefined));
}

/** It is worth something only in the tenant's trust domain of today. */
async function readTransactionToken(context: RequestContext, text: string): Promise<OtherJwt | undefined> {
  const verified = await context.keyring.verify(text, context.reading.now);
  if (verified?.typ !== "txntoken+jwt" || verified.claims.aud !== context.tenant.trustDomain) return undefined;
  return describe(verified, verified.claims.req_wl);
}

function describe({ claims, kid }: VerifiedJwt, clientId: JsonValue | undefined): OtherJwt | undefined {
  const { sub: subject, iat, exp, jti } = claims;
  const ancestors = ancestorsIn(claims);
  if (typeof clientId !== "string" || typeof subject !== "string" || ancestors === undefined) return undefined;
  if (typeof iat !== "number" || typeof exp !== "number") return undefined;
  const issuedAt = (typeof jti === "string" ? parseJti(jti)?.issuedAt : undefined) ?? iat * 1000;
  const own = { ...(typeof jti === "string" && { jti }), client: clientId, subject, issuedAt, kid };
  return { claims, clientId, subject, expiresAt: exp * 1000, own, ancestors };
}

async function whyDead(context: RequestContext, token: OtherJwt): Promise<Because | undefined> {
  const { own, ancestors, expiresAt } = token;
  const { now } = context.reading;
  if (expiresAt <= now) return "expired";
  if (own.issuedAt > now + context.maxClockSkew) return "ahead of the clock";
  const because = await whyAnyDead(context, [own, ...ancestors], expiresAt);
  // A second look at the clock: revocations are deleted once what they could kill has expired.
  return expiresAt <= context.clock.now() ? "expired" : because;
}

function unusable(context: RequestContext, because: Because): undefined {
  context.note({ because });
  return undefined;
}
