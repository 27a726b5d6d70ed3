import type { Instant } from "../../base/clock.ts";
import type { FamilyRecord } from "../../store/port.ts";
import { StoreUnavailableError } from "../../store/port.ts";
import type { Refused } from "../../telemetry/events.ts";
import { formatRefreshToken, parseRefreshToken, type RefreshToken } from "../../token/refresh-token.ts";
import type { AuthenticatedClient } from "../clients/authenticate.ts";
import type { RequestContext, TenantContext, TenantParts } from "../context.ts";
import { OAuthError } from "../errors.ts";
import { type Approval, boundTo, narrow, reapprove } from "../policy.ts";
import { nextNonce, type Possession, possessionOf } from "../possession.ts";
import type { RefreshRequest, TokenSet } from "../request.ts";
import { readGrantRecord } from "../tokens/grant-record.ts";
import { familyTimes, type Made, makeTokens, rowsOf, tellLarge, tokenTypeOf } from "../tokens/issue.ts";
import { type FoundRefreshToken, findRefreshToken, isFamilyAlive, reconciledRow } from "../tokens/refresh-token.ts";
import { decidedAtRefresh, noteOfActor } from "./decided.ts";
import type { Done } from "./operation.ts";

/** How often a row that concurrent requests move is read again before the caller is told to try again. */
const MAX_ATTEMPTS = 8;

/** A refresh that has passed all checks, until its row has moved. */
interface Attempt {
  readonly client: AuthenticatedClient;
  readonly now: Instant;
  readonly token: RefreshToken;
  /** The verdict on the row as it was first read. */
  readonly verdict: Verdict;
  readonly made: Made;
  /** The row's new times if this attempt moves it. */
  readonly times: { readonly expiresAt: Instant; readonly purgeAt: Instant };
  /** Identifies this attempt in the row, so that the node recognizes its own update if the answer is lost. */
  readonly attemptId: string;
}

/**
 * Exchanges a refresh token for new tokens (RFC 6749 section 6). All checks come before the row moves, and the row
 * moves in one atomic step. So of any number of callers with the same token, either all get the same next token, or
 * exactly one wins.
 *
 * Throws OAuthError `invalid_grant` if the token is not valid. A token that was used before also ends its grant.
 */
export async function refresh(
  context: RequestContext,
  client: AuthenticatedClient,
  request: RefreshRequest,
): Promise<Done<TokenSet>> {
  const { now } = context.reading;
  const found = await findOwn(context, client, request.refreshToken);
  if (!(await isFamilyAlive(context, found, now))) throw refused();
  const { token, family } = found;
  const decided = readGrantRecord(family.decision);
  const { grantType } = decided;
  context.note({ grantType, ...noteOfActor(decided) });
  const possession = await possessionOf(context, client.client);
  // Before reuse is looked for: a thief without the key must not end the grant with a token that was used.
  checkBinding(context, decided, possession, client);
  const verdict = await refuseReuse(context, found, client, now);

  const granted = boundTo(possession.binding, reapprove(decided, client, now));
  // Narrowing affects these tokens only; the stored grant keeps its scopes and audiences.
  const approval = narrow(granted, request, context.tenant);
  context.note({ decided: decidedAtRefresh(approval, decided, client.client) });
  const made = await makeTokens(approval, client, family.id, context);
  // Signed and counted before the row moves: a failure here leaves the caller's refresh token usable.
  await context.quotas.take(rowsOf(made), client.client, context);
  const times = familyTimes(client.client, family.mintedAt, now, decided);
  const attemptId = Buffer.from(context.random.bytes(12)).toString("base64url");
  const attempt = { client, now, token, verdict, made, times, attemptId };
  const generation = await store(context, family, attempt);
  context.uncertainRefreshes.forget(family.id, token.generation);
  tellLarge(made, client, context);
  const answer = {
    accessToken: made.accessToken,
    tokenType: tokenTypeOf(approval.confirmation),
    expiresIn: approval.accessTokenLifetime,
    refreshToken: formatRefreshToken({ ...token, generation }, (key, text) => context.keyring.mac(key, text)),
    idToken: made.idToken,
    scopes: approval.scopes,
    dpopNonce: nextNonce(context, client.client),
  };
  const { accessTokenType } = approval;
  return {
    answer,
    event: { event: "refreshed", grantType, accessTokenType, jti: made.jti, family: family.id },
    withheld: () => recordLost(context, family, attempt),
  };
}

/** Gives a caller who is told to try again the whole grace to do so, however often that happens. */
export function reopen({ keyring, uncertainRefreshes }: TenantParts, { refreshToken = "" }: RefreshRequest): void {
  const token = parseRefreshToken(refreshToken, (key, signed) => keyring.mac(key, signed));
  if (token !== undefined) uncertainRefreshes.reopen(token.family);
}

async function findOwn(
  context: RequestContext,
  { client }: AuthenticatedClient,
  text: string | undefined,
): Promise<FoundRefreshToken> {
  if (text === undefined) throw new OAuthError("invalid_request", "refresh_token is required.");
  const found = await findRefreshToken(context, text);
  if (found === undefined) throw refused();
  if (found.family.client !== client.id) {
    context.note({ because: "not this client's business" });
    throw refused();
  }
  return found;
}

/**
 * A grant that is bound to a key stays bound. The refresh tokens of a public client are bound to that very key; a client
 * that proves who it is may come with a new one (RFC 9449 section 5).
 *
 * Throws OAuthError `invalid_dpop_proof` or `invalid_request` if no key is proven, `invalid_grant` if it is another one.
 */
function checkBinding(
  context: RequestContext,
  { confirmation, isHeldByClient, clientKey }: Approval,
  possession: Possession,
  { client, hasProof }: AuthenticatedClient,
): void {
  const own = isHeldByClient ? confirmation : clientKey;
  const hasOwn = isHeldByClient || own !== undefined;
  const isBound = own !== undefined && possession.confirms(own);
  if (hasOwn && possession.binding === undefined) throw unbound(own);
  // One that must be bound and is not was granted before the client had to have a key, or has lost its binding.
  const mustBeBound = hasOwn || client.dpop === "required" || client.certificateBoundTokens;
  if (hasProof || isBound || !mustBeBound) return;
  context.note({ because: "bound to another key" });
  throw refused();
}

/** The refusal of a refresh without a proof, by what the grant is bound to. */
function unbound(confirmation: Approval["confirmation"]): OAuthError {
  return tokenTypeOf(confirmation) === "DPoP"
    ? new OAuthError("invalid_dpop_proof", "DPoP is required: the refresh_token is bound to a key.")
    : new OAuthError("invalid_request", "A certificate is required: the refresh_token is bound to one.");
}

/** A refresh token, and the row of its grant as it was last read. */
type Used = Pick<FoundRefreshToken, "token" | "family">;

/** What the row of its grant allows a refresh token to do. */
type Verdict = "advance" | "repeat";

/** Depends on nothing but the row, so that two nodes that see the same row decide alike. */
function judge({ token, family }: Used, { client }: AuthenticatedClient, now: Instant): Verdict | "reuse" {
  // A row that is behind its token was restored from a backup: the token's MAC proves that the later generation was
  // given out.
  if (family.generation <= token.generation) return "advance";
  const isLast = family.generation === token.generation + 1;
  const inGrace = client.refreshGrace > 0 && now < family.rotatedAt + client.refreshGrace * 1000;
  return isLast && inGrace ? "repeat" : "reuse";
}

/**
 * A token that was used before was stolen, or a thief has its successor. The mint cannot tell which, so neither may go
 * on (RFC 9700 section 4.14.2).
 */
async function refuseReuse(
  context: TenantContext,
  found: Used,
  client: AuthenticatedClient,
  now: Instant,
): Promise<Verdict> {
  const verdict = judge(found, client, now);
  if (verdict !== "reuse") return verdict;
  await context.store.families.revoke(found.family.id, now);
  throw refused({ event: "refresh_reused", family: found.family.id });
}

/** Makes everything in the answer durable. Resolves to the generation of the refresh token to return. */
async function store(context: TenantContext, family: FamilyRecord, attempt: Attempt): Promise<number> {
  const { reference } = attempt.made;
  // Before the row moves: with a grace of 0, a caller whose row had moved could not try again.
  if (reference !== undefined) await context.store.referenceTokens.create(reference);
  try {
    return await moveRow(context, family, attempt);
  } catch (error) {
    if (error instanceof StoreUnavailableError) recordLost(context, family, attempt);
    throw error;
  }
}

/** The row may have moved, and the caller has no answer: it must not lose its grant over that. */
function recordLost(context: TenantContext, { id }: FamilyRecord, { token, attemptId, now: at, times }: Attempt): void {
  const lost = { family: id, generation: token.generation, attemptId, at, purgeAt: times.purgeAt };
  context.uncertainRefreshes.record(context.store.families, lost);
}

async function moveRow(context: TenantContext, { id }: FamilyRecord, attempt: Attempt): Promise<number> {
  const { client, now, token, times, attemptId } = attempt;
  const next = token.generation + 1;
  const to = client.client.refreshTokenUsage === "rotate" ? next : token.generation;
  const step = { from: token.generation, to, attemptId, at: now, ...times };
  let { verdict } = attempt;
  for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
    // A retry writes nothing: everyone within the grace gets the same next token.
    if (verdict === "repeat") return next;
    const outcome = await context.store.families.advance(id, step);
    // Otherwise `outcome` is the row as another request left it, judged like the first one.
    if (outcome === "advanced") return to;
    const family = outcome && (await reconciledRow(context, outcome));
    if (family === undefined || family.revokedAt !== undefined) throw refused();
    verdict = await refuseReuse(context, { token, family }, client, now);
  }
  throw new OAuthError("temporarily_unavailable", "Concurrent requests are using this refresh token. Try again.");
}

/** One message for every way in which a token is not valid, so that a thief learns nothing. */
function refused(event?: Refused): OAuthError {
  const message = "refresh_token is not valid for this client, has expired or was revoked.";
  return new OAuthError("invalid_grant", message, event && { event });
}
