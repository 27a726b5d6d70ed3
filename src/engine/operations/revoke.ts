import { FOREVER, type Instant } from "../../base/clock.ts";
import type { Client } from "../../registry/tenant.ts";
import type { Performed } from "../../telemetry/performed.ts";
import { isCompactJws } from "../../token/compact-jws.ts";
import { looksLikeHandle } from "../../token/reference-token.ts";
import { looksLikeRefreshToken } from "../../token/refresh-token.ts";
import { revocationIds } from "../../token/revocation.ts";
import { type AuthenticatedClient, requireProof } from "../clients/authenticate.ts";
import type { RequestContext, TenantContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import type { RevokeRequest } from "../request.ts";
import { checkRevocableSubject } from "../subjects.ts";
import { type AccessToken, isAlive, readAccessToken } from "../tokens/access-token.ts";
import { findRefreshToken, isFamilyAlive } from "../tokens/refresh-token.ts";
import { keyRevocationIds } from "../tokens/revocation-ids.ts";
import { revokeSubject, takeRevocation } from "../tokens/revoke-subject.ts";
import type { Done } from "./operation.ts";

/** The hint that makes `token` a subject. */
const SUBJECT_HINT = "subject";

/** A token that belongs to the caller. */
interface OwnToken {
  readonly subject: string | undefined;
  readonly isAlive: boolean;
  /** Revokes it and its grant, if it has one; returns the event that reports what was revoked. */
  end(): Promise<Performed>;
}

/**
 * Revokes a token, its grant, or everything that a subject has (RFC 7009). A token's shape reveals its type; only the
 * hint `subject` adds to that. An unknown token or another client's is left alone, and the answer is the same.
 *
 * Throws OAuthError `invalid_client` if a subject is to be revoked and the caller did not prove a secret;
 * `invalid_request` if the caller may not mint for the subject.
 */
export async function revoke(
  context: RequestContext,
  client: AuthenticatedClient,
  request: RevokeRequest,
): Promise<Done<void>> {
  return { answer: undefined, event: await end(context, client, request) };
}

async function end(context: RequestContext, client: AuthenticatedClient, request: RevokeRequest): Promise<Performed> {
  const { now } = context.reading;
  const { token, tokenTypeHint, revokeAllSubjects = false } = request;
  if (revokeAllSubjects || tokenTypeHint === SUBJECT_HINT) requireProof(client, "revoke a subject");
  if (token === undefined) throw new OAuthError("invalid_request", "token is required.");
  // A hint that is not known says nothing (RFC 7009 section 2.1); one that means this would, and nothing would be revoked.
  if (tokenTypeHint !== SUBJECT_HINT && tokenTypeHint?.trim().toLowerCase() === SUBJECT_HINT)
    throw new OAuthError("invalid_request", "token_type_hint must be subject, in lower case, to revoke a subject.");

  if (tokenTypeHint === SUBJECT_HINT) return endSubject(context, client, token, revokeAllSubjects);
  const own = looksLikeRefreshToken(token)
    ? await findOwnRefreshToken(context, client, token, now)
    : await findOwnAccessToken(context, client, token, now);
  if (own === undefined) return { event: "revoked", what: "nothing" };
  if (!revokeAllSubjects || !own.isAlive || own.subject === undefined) return own.end();
  // The token is revoked last: a dead token no longer reaches its subject, so a retry would leave the rest alive.
  const ended = await endSubject(context, client, own.subject, true);
  await own.end();
  return ended;
}

async function endSubject(
  context: RequestContext,
  { client, tenant }: AuthenticatedClient,
  subject: string,
  wholeNamespace: boolean,
): Promise<Performed> {
  checkRevocableSubject(subject, client, tenant);
  // A caller may have given the hint by mistake.
  if (!looksLikeToken(subject)) context.note({ subject });
  await revokeSubject(context, client, subject, wholeNamespace);
  return { event: "revoked", what: "subject", wholeNamespace };
}

function looksLikeToken(text: string): boolean {
  return looksLikeRefreshToken(text) || looksLikeHandle(text) || isCompactJws(text);
}

/** Undefined if the token is another client's, or is not a token. */
async function findOwnRefreshToken(
  context: RequestContext,
  { client }: AuthenticatedClient,
  text: string,
  now: Instant,
): Promise<OwnToken | undefined> {
  const found = await findRefreshToken(context, text);
  if (found === undefined) return undefined;
  if (found.family.client !== client.id) return notOwn(context);
  const { family, token, subject } = found;
  return {
    subject,
    isAlive: family.generation <= token.generation && (await isFamilyAlive(context, found, now)),
    async end() {
      await context.store.families.revoke(family.id, now);
      return { event: "revoked", what: "grant", family: family.id };
    },
  };
}

/** Undefined if the token is another client's, or is not a token. */
async function findOwnAccessToken(
  context: RequestContext,
  { client }: AuthenticatedClient,
  text: string,
  now: Instant,
): Promise<OwnToken | undefined> {
  const token = await readAccessToken(context, text, now);
  if (token === undefined) return undefined;
  if (token.clientId !== client.id) return notOwn(context);
  // Whoever stole the key can write anything into a token, such as the family of somebody else's grant. Without this
  // check a stolen key could revoke any grant.
  if ((await context.store.revocations.find(keyRevocationIds(token))).length > 0) {
    context.note({ because: "revoked" });
    return undefined;
  }
  const { jti, family } = token;
  return {
    subject: token.subject,
    isAlive: await isAlive(context, token, now),
    async end() {
      // Revoking the grant kills its access tokens too.
      if (family !== undefined) await context.store.families.revoke(family, now);
      else await revokeToken(context, client, token);
      return { event: "revoked", what: "access_token", jti, family };
    },
  };
}

function notOwn(context: RequestContext): undefined {
  context.note({ because: "not this client's business" });
}

async function revokeToken(context: TenantContext, client: Client, { jti, expiresAt }: AccessToken): Promise<void> {
  const id = revocationIds.jti(jti);
  await takeRevocation(context, client, [id]);
  // The revocation may be deleted once no node, however late its clock, takes the token for alive.
  const end = expiresAt + 2 * context.maxClockSkew;
  await context.store.revocations.raise({ id, notAfter: FOREVER, expiresAt: end, client: client.id });
}
