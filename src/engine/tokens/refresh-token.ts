import type { Instant } from "../../base/clock.ts";
import type { FamilyRecord } from "../../store/port.ts";
import type { Because } from "../../telemetry/events.ts";
import { keyGenerationOf, parseRefreshToken, type RefreshToken } from "../../token/refresh-token.ts";
import { isRevoked, revocationIds } from "../../token/revocation.ts";
import { rowMacGeneration } from "../../token/row-mac.ts";
import type { RequestContext, TenantContext } from "../context.ts";
import { subjectOf } from "../subjects.ts";
import { findEnds, whyAncestorDead } from "./ancestors.ts";
import { ancestorsInRecord } from "./grant-record.ts";
import { mintRevocationIds } from "./revocation-ids.ts";

/**
 * The most by which a row's last refresh may be ahead of this process's clock, in milliseconds. Processes of one
 * machine differ if its clock was set back: one that starts afterwards may be behind a refresh that another did while
 * it could not record how far its clock had got.
 */
const MAX_AHEAD = 60_000;

/** A refresh token of this tenant, and the row of its grant. */
export interface FoundRefreshToken {
  readonly token: RefreshToken;
  readonly family: FamilyRecord;
  /** Whose the tokens of the grant are. */
  readonly subject: string | undefined;
}

/**
 * Reads a text as a refresh token of this tenant. Returns undefined for any other text, without asking the store, and
 * if the grant is gone. The request's event names the grant of a token that this mint made, even then.
 */
export async function findRefreshToken(context: RequestContext, text: string): Promise<FoundRefreshToken | undefined> {
  const keyGeneration = keyGenerationOf(text);
  context.note({ because: "not a token of this tenant" });
  if (keyGeneration === undefined) return undefined;
  await context.keyring.awaitRefreshKey(keyGeneration);
  const token = parseRefreshToken(text, (generation, signed) => context.keyring.mac(generation, signed));
  if (token === undefined) return undefined;
  context.note({ family: token.family, because: "grant revoked or unknown" });
  const family = await context.store.families.find(token.family);
  // Token and row must be proven by the same key: with a leaked key a thief could otherwise forge a row for a grant
  // that another key proves, with another decision.
  if (family?.mac !== undefined && rowMacGeneration(family.mac) !== token.keyGeneration) return undefined;
  const subject = family && subjectOf(family.subject, context.tenant.clients.get(family.client));
  context.note({ subject });
  const reconciled = family && (await reconciledRow(context, family));
  if (reconciled === undefined) return undefined;
  context.note({ because: undefined });
  return { token, family: reconciled, subject };
}

/**
 * The row once every lost update of this node that reached it is reconciled: the time of such an update must not count
 * against its caller. Throws StoreUnavailableError.
 */
export async function reconciledRow(
  { uncertainRefreshes, store }: TenantContext,
  row: FamilyRecord,
): Promise<FamilyRecord | undefined> {
  let family: FamilyRecord | undefined = row;
  // Another lost update may have arrived in the meantime.
  while (family !== undefined && uncertainRefreshes.isUncertain(family.id, family.attemptId)) {
    await uncertainRefreshes.reconcileFamily(family.id);
    family = await store.families.find(family.id);
  }
  return family;
}

/**
 * Whether the grant has neither expired nor been revoked. The request's event says why if not. Reads the store, never a
 * cache.
 */
export async function isFamilyAlive(context: RequestContext, found: FoundRefreshToken, now: Instant): Promise<boolean> {
  const because = await whyDead(context, found, now);
  context.note({ because });
  return because === undefined;
}

async function whyDead(
  context: TenantContext,
  { token, family }: FoundRefreshToken,
  now: Instant,
): Promise<Because | undefined> {
  if (family.revokedAt !== undefined) return "grant revoked or unknown";
  if (expiryOf(context, family) <= now) return "expired";
  // A grant from the future would escape the revocations written until then.
  if (family.mintedAt > now + context.maxClockSkew) return "ahead of the clock";
  if (context.issuingClock.mayLackRevocation(family.mintedAt, lastExpiryOf(context, family)))
    return "clock behind its revocations";
  // No genuine refresh is that far ahead: somebody wrote it into the row to make the grant outlive its time.
  if (family.rotatedAt > context.clock.now() + MAX_AHEAD) return "ahead of the clock";
  const ids = grantRevocationIds(context, family, token.keyGeneration);
  const found = await findEnds(context, ids, ancestorsInRecord(family.decision));
  // A subject's revocation is deleted once nothing that it could kill is alive. If it was deleted before it was looked
  // up here, the grant's end has passed too, by a second look at the clock. The row's own expiry may have moved since
  // it was read, so the grant's last possible one counts.
  if (lastExpiryOf(context, family) <= context.clock.now()) return "expired";
  if (isRevoked(found.own, [family.mintedAt])) return "revoked";
  return whyAncestorDead(context, found, family.expiresAt);
}

/** The ids of the revocations that end a grant. `keyGeneration`: of the key that proves its refresh tokens. */
export function grantRevocationIds(
  context: TenantContext,
  { subject, client, namespace }: FamilyRecord,
  keyGeneration: number,
): readonly string[] {
  return [revocationIds.refreshKey(keyGeneration), ...mintRevocationIds(context, subject, client, namespace)];
}

/** When the grant ends at the latest, however often it is refreshed. */
function lastExpiryOf({ tenant }: TenantContext, family: FamilyRecord): Instant {
  const client = tenant.clients.get(family.client);
  return client === undefined ? family.expiresAt : family.mintedAt + client.absoluteRefreshTokenLifetime * 1000;
}

/** When the refresh token expires: as its row says, or earlier if the client's lifetimes have been shortened since. */
export function expiryOf({ tenant }: TenantContext, family: FamilyRecord): Instant {
  const client = tenant.clients.get(family.client);
  if (client === undefined) return family.expiresAt;
  return Math.min(
    family.expiresAt,
    family.mintedAt + client.absoluteRefreshTokenLifetime * 1000,
    family.rotatedAt + client.slidingRefreshTokenLifetime * 1000,
  );
}
