import { FOREVER, type Instant, toSeconds } from "../../base/clock.ts";
import { isJsonObject, type JsonValue } from "../../base/json.ts";
import { KeyUnavailableError, type TenantKeyring } from "../../keyring/port.ts";
import type { Client } from "../../registry/tenant.ts";
import type { FamilyRecord, ReferenceTokenRecord } from "../../store/port.ts";
import { ACCESS_TOKEN_PROFILES } from "../../token/access-token-profile.ts";
import { makeFamilyId, makeJti } from "../../token/jti.ts";
import { handleDigest, makeHandle } from "../../token/reference-token.ts";
import { formatRefreshToken } from "../../token/refresh-token.ts";
import { familyText, referenceTokenText } from "../../token/row-mac.ts";
import { OFFLINE_ACCESS } from "../../token/scope.ts";
import type { AuthenticatedClient } from "../clients/authenticate.ts";
import type { RequestContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import type { Reading } from "../issuing-clock.ts";
import type { Approval } from "../policy.ts";
import { proveRow } from "../proven-store.ts";
import type { Rows } from "../quotas.ts";
import type { TokenSet } from "../request.ts";
import { accessTokenClaims, exchangedIdTokenClaims, idTokenClaims, transactionClaims } from "./claims.ts";
import { writeGrantRecord } from "./grant-record.ts";

/** How an access token is used: by whoever bears it (RFC 6750), or with a proof for its key (RFC 9449 section 5). */
export function tokenTypeOf(confirmation: JsonValue | undefined): "Bearer" | "DPoP" {
  return isJsonObject(confirmation) && "jkt" in confirmation ? "DPoP" : "Bearer";
}

/** The type of what is not an access token (RFC 8693 section 2.2.1). */
const NO_ACCESS_TOKEN = "N_A";

/** What issuing needs of a request's context. */
type IssueContext = Pick<RequestContext, "tenant" | "keyring" | "store" | "quotas" | "random" | "emit" | "reading">;

/** Tokens that are made but not told yet: what is to be durable before they are. */
export interface Made {
  /** Or what is issued instead. */
  readonly accessToken: string;
  readonly jti: string;
  readonly idToken: string | undefined;
  /** The row behind a reference token. */
  readonly reference: ReferenceTokenRecord | undefined;
  /** Those that are near what clients can send in a header. */
  readonly large: readonly LargeToken[];
}

interface LargeToken {
  readonly kind: string;
  readonly bytes: number;
}

/**
 * Makes the tokens of an approved decision, all from one moment, and writes the rows that they need. Everything that
 * can be refused is refused before the first write.
 *
 * Throws OAuthError `invalid_request` if a token would be too large, `access_denied` if a quota is used up.
 */
export async function issue(
  approval: Approval,
  client: AuthenticatedClient,
  context: IssueContext,
): Promise<{ readonly tokens: TokenSet; readonly jti: string; readonly family: string | undefined }> {
  const grant = approval.scopes.includes(OFFLINE_ACCESS) ? newGrant(approval, client, context) : undefined;
  const family = grant?.family.id;
  // All that can fail comes first: the signature, the sizes, the quotas.
  const made = await makeTokens(approval, client, family, context);
  await context.quotas.take({ ...(grant && { maxGrants: 1 }), ...rowsOf(made) }, client.client, context);
  // Durable before told. If one of the two fails the other is nobody's, and is swept when its time is over.
  await Promise.all([
    grant && context.store.families.create(grant.family),
    made.reference && context.store.referenceTokens.create(made.reference),
  ]);
  const tokens = {
    accessToken: made.accessToken,
    tokenType: approval.instead === undefined ? tokenTypeOf(approval.confirmation) : NO_ACCESS_TOKEN,
    expiresIn: approval.instead === "id_token" ? approval.idTokenLifetime : approval.accessTokenLifetime,
    refreshToken: grant?.refreshToken,
    idToken: made.idToken,
    scopes: approval.scopes,
  };
  tellLarge(made, client, context);
  return { tokens, jti: made.jti, family };
}

/** Tells of large tokens. Call it once they are issued. */
export function tellLarge(
  { large }: Made,
  { client, tenant }: AuthenticatedClient,
  { emit }: Pick<IssueContext, "emit">,
) {
  for (const one of large) emit({ event: "large_token", tenant: tenant.id, client: client.id, ...one });
}

/** What the rows behind made tokens take of the client's quotas. */
export function rowsOf({ reference }: Made): Rows {
  return reference === undefined ? {} : { maxReferenceTokens: 1 };
}

/** Makes an access token and, if the grant issues one, an id_token; writes nothing. */
export async function makeTokens(
  approval: Approval,
  { client, tenant }: AuthenticatedClient,
  family: string | undefined,
  { keyring, random, reading: { now, issuedAt } }: Pick<IssueContext, "keyring" | "random" | "reading">,
): Promise<Made> {
  const large: LargeToken[] = [];

  /** A token that clients could not send in a header is refused, and one that is near that is noted. */
  function checkSize(kind: string, text: string): string {
    const bytes = Buffer.byteLength(text);
    const most = Math.min(client.maxTokenBytes ?? Number.POSITIVE_INFINITY, tenant.limits.tokenMaxBytes);
    if (bytes > most)
      throw new OAuthError("invalid_request", `The ${kind} would have ${bytes} bytes: at most ${most} are allowed.`);
    if (bytes > tenant.limits.tokenWarnBytes) large.push({ kind, bytes });
    return text;
  }

  const jti = makeJti(issuedAt, family, random);
  if (approval.instead === "txn_token") {
    const claims = transactionClaims(approval, client, jti, now);
    const text = checkSize("transaction token", await keyring.signer(now).sign(claims, "txntoken+jwt"));
    return { accessToken: text, jti, idToken: undefined, reference: undefined, large };
  }
  if (approval.instead === "id_token") {
    const claims = exchangedIdTokenClaims(approval, client.id, jti, now);
    const text = checkSize("id_token", await keyring.signer(now).sign(claims, "JWT"));
    return { accessToken: text, jti, idToken: undefined, reference: undefined, large };
  }
  // The client's profile of today, at a refresh too: it is the form of a token, not what was granted.
  const { typ } = ACCESS_TOKEN_PROFILES[client.accessTokenProfile];
  const claims = accessTokenClaims(approval, client, jti, now);
  const { accessToken, reference } =
    approval.accessTokenType === "jwt"
      ? { accessToken: checkSize("access token", await keyring.signer(now).sign(claims, typ)), reference: undefined }
      : makeReference(checkSize("access token", JSON.stringify(claims)), approval, { client, tenant }, now, {
          keyring,
          random,
        });
  if (!approval.issuesIdToken) return { accessToken, jti, idToken: undefined, reference, large };

  const signer = keyring.signer(now);
  const identity = idTokenClaims(approval, client.id, signer.leftHalfHash(accessToken), now);
  return { accessToken, jti, idToken: checkSize("id_token", await signer.sign(identity, "JWT")), reference, large };
}

/** The row holds the claims, the token is a random handle: what a JWT says to everyone, this says to the mint alone. */
function makeReference(
  claims: string,
  approval: Approval,
  { client, tenant }: Pick<AuthenticatedClient, "client" | "tenant">,
  now: Instant,
  { keyring, random }: Pick<IssueContext, "keyring" | "random">,
) {
  const handle = makeHandle(random);
  // To the second, as the claim `exp` has it: row and claim must not disagree on when it ends.
  const expiresAt = (toSeconds(now) + approval.accessTokenLifetime) * 1000;
  const row = { digest: handleDigest(handle), claims, expiresAt, client: client.id };
  const mac = proveRow(referenceTokenText(tenant.id, row), keyring.macGeneration(now), keyring);
  return { accessToken: handle, reference: { ...row, mac } };
}

/** A grant's row and its first refresh token, under one generation of the key. */
function newGrant(
  approval: Approval,
  { client, tenant }: AuthenticatedClient,
  { keyring, random, reading }: Pick<IssueContext, "keyring" | "random" | "reading">,
) {
  const row = newFamily(makeFamilyId(random), approval, client, reading);
  const keyGeneration = keyring.macGeneration(reading.now);
  const mac = proveRow(familyText(tenant.id, row), keyGeneration, keyring);
  return { family: { ...row, mac }, refreshToken: firstRefreshToken(row.id, keyGeneration, keyring) };
}

/** Generation 0. Its MAC is under the key that also proves the row, so that one compromise ends both. */
function firstRefreshToken(family: string, keyGeneration: number, keyring: TenantKeyring): string {
  const token = formatRefreshToken({ keyGeneration, family, generation: 0 }, (generation, text) =>
    keyring.mac(generation, text),
  );
  if (token === undefined) throw new KeyUnavailableError("The active key for refresh tokens is not loaded.");
  return token;
}

/** The row of a grant as it is when nobody has refreshed it yet. */
function newFamily(
  id: string,
  approval: Approval,
  client: Client,
  { now, issuedAt }: Reading,
): Omit<FamilyRecord, "mac"> {
  return {
    id,
    client: client.id,
    namespace: client.namespace,
    subject: approval.subject,
    generation: 0,
    rotatedAt: now,
    attemptId: "",
    mintedAt: issuedAt,
    revokedAt: undefined,
    ...familyTimes(client, issuedAt, now, approval),
    decision: writeGrantRecord(approval),
  };
}

/** Until when a family that is minted or refreshed now can be refreshed again, and until when its row is needed. */
export function familyTimes(
  client: Client,
  mintedAt: Instant,
  now: Instant,
  { accessTokenLifetime, latestExpiry }: Pick<Approval, "accessTokenLifetime" | "latestExpiry">,
) {
  const expiresAt = Math.min(
    mintedAt + client.absoluteRefreshTokenLifetime * 1000,
    now + client.slidingRefreshTokenLifetime * 1000,
    latestExpiry === undefined ? FOREVER : latestExpiry * 1000,
  );
  // A retry within the grace makes another access token and writes nothing.
  const lastAccessToken = now + (client.refreshGrace + accessTokenLifetime) * 1000;
  return { expiresAt, purgeAt: Math.max(expiresAt, lastAccessToken) };
}
