import type { JsonObject } from "../../base/json.ts";
import type { Client } from "../../registry/tenant.ts";
import type { Because } from "../../telemetry/events.ts";
import { type Ancestor, ancestorsIn, joinAncestors } from "../../token/ancestor.ts";
import { parseJti } from "../../token/jti.ts";
import type { RequestContext } from "../context.ts";
import type { SourceToken } from "../grant.ts";
import { type AccessToken, isAlive, maySee, readAccessToken } from "./access-token.ts";
import { whyAnyDead } from "./ancestors.ts";

/** An id_token of this tenant, whether or not it is still valid. */
interface IdToken extends Omit<SourceToken, "lineage"> {
  /** What may revoke it. */
  readonly own: Ancestor;
  readonly ancestors: readonly Ancestor[];
}

/**
 * The live token that a text is, for a client that is to get another for it. A client may use what it may introspect: its
 * own tokens, those whose `aud` names it, and what its configuration adds. Undefined for any other text.
 */
export function findSourceToken(
  context: RequestContext,
  caller: Client,
  text: string,
  kind: "access_token" | "id_token",
): Promise<SourceToken | undefined> {
  return kind === "access_token" ? findAccessToken(context, caller, text) : findIdToken(context, caller, text);
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

async function findIdToken(context: RequestContext, caller: Client, text: string): Promise<SourceToken | undefined> {
  const token = await readIdToken(context, text);
  if (token === undefined) return unusable(context, "not a token of this tenant");
  const { own, ancestors, ...described } = token;
  context.note({ subject: own.subject });
  if (!maySee(caller, token)) return unusable(context, "not this client's business");
  const because = await whyDead(context, token);
  if (because !== undefined) return unusable(context, because);
  context.note({ because });
  return { ...described, lineage: joinAncestors([own], ancestors) };
}

/**
 * An id_token does not tell the grant that it was issued with. So what ends it is a revocation of its subject, of its
 * client or of its key; and its time, to the second.
 */
async function readIdToken({ keyring, reading }: RequestContext, text: string): Promise<IdToken | undefined> {
  const verified = await keyring.verify(text, reading.now);
  if (verified === undefined || verified.typ !== "JWT") return undefined;
  const { claims, kid } = verified;
  const { aud, azp, sub: subject, iat, exp, jti } = claims;
  const clientId = azp ?? (Array.isArray(aud) ? aud[0] : undefined);
  const ancestors = ancestorsIn(claims);
  // Only access tokens have a `client_id`.
  if (claims.client_id !== undefined || ancestors === undefined) return undefined;
  if (typeof clientId !== "string" || typeof subject !== "string") return undefined;
  if (typeof iat !== "number" || typeof exp !== "number") return undefined;
  const issuedAt = (typeof jti === "string" ? parseJti(jti)?.issuedAt : undefined) ?? iat * 1000;
  const own = { ...(typeof jti === "string" && { jti }), client: clientId, subject, issuedAt, kid };
  return { claims, clientId, subject, expiresAt: exp * 1000, own, ancestors };
}

async function whyDead(context: RequestContext, token: IdToken): Promise<Because | undefined> {
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
