import type { Instant } from "../../base/clock.ts";
import type { FamilyRecord } from "../../store/port.ts";
import { keyGenerationOf, parseRefreshToken, type RefreshToken } from "../../token/refresh-token.ts";
import { isRevoked, revocationIds } from "../../token/revocation.ts";
import { rowMacGeneration } from "../../token/row-mac.ts";
import type { TenantContext } from "../context.ts";
import { mintRevocationIds } from "./access-token.ts";

/**
 * How far ahead of this process's clock a row may have been refreshed, in milliseconds. Processes of one machine differ
 * once its clock is set back: one that starts after that may be behind what another did while it could not write that it
 * is that late.
 */
const MAX_AHEAD = 60_000;

/** A refresh token that this tenant's mint made, and the row of its grant. */
export interface FoundRefreshToken {
  readonly token: RefreshToken;
  readonly family: FamilyRecord;
}

/** The refresh token that a text is; undefined for any other text, before its grant is looked up, and if that is gone. */
export async function findRefreshToken(context: TenantContext, text: string): Promise<FoundRefreshToken | undefined> {
  const keyGeneration = keyGenerationOf(text);
  if (keyGeneration === undefined) return undefined;
  await context.keyring.awaitRefreshKey(keyGeneration);
  const token = parseRefreshToken(text, (generation, signed) => context.keyring.mac(generation, signed));
  if (token === undefined) return undefined;
  const family = await context.store.families.find(token.family);
  // A key that has leaked proves only what else it made: its thief would give a grant another decision.
  if (family?.mac !== undefined && rowMacGeneration(family.mac) !== token.keyGeneration) return undefined;
  const reconciled = family && (await reconciledRow(context, family));
  return reconciled && { token, family: reconciled };
}

/**
 * The row as it is once an update of this node's own that reached it, and whose answer was lost, is reconciled: nobody is
 * judged by when the update was begun. Throws StoreUnavailableError.
 */
export async function reconciledRow(
  { uncertainRefreshes, store }: TenantContext,
  row: FamilyRecord,
): Promise<FamilyRecord | undefined> {
  let family: FamilyRecord | undefined = row;
  // Another late update may have come in between.
  while (family !== undefined && uncertainRefreshes.isUncertain(family.id, family.attemptId)) {
    await uncertainRefreshes.reconcileFamily(family.id);
    family = await store.families.find(family.id);
  }
  return family;
}

/** Whether the grant can be refreshed at all: it has neither expired nor been revoked. Reads the store, never a cache. */
export async function isFamilyAlive(
  context: TenantContext,
  { token, family }: FoundRefreshToken,
  now: Instant,
): Promise<boolean> {
  if (family.revokedAt !== undefined || expiryOf(context, family) <= now) return false;
  if (family.mintedAt > now + context.maxClockSkew) return false;
  // No refresh was that much later than this moment: somebody else wrote that, to have the grant outlive its time.
  if (family.rotatedAt > context.clock.now() + MAX_AHEAD) return false;
  const revocations = await context.store.revocations.find([
    revocationIds.refreshKey(token.keyGeneration),
    ...mintRevocationIds(context, family.subject, family.client, family.namespace),
  ]);
  // A subject's revocation goes once nothing that it could kill is alive: whoever looked after that is after the grant's end
  // too. The row's own end may have moved on since it was read.
  return lastExpiryOf(context, family) > context.clock.now() && !isRevoked(revocations, [family.mintedAt]);
}

/** When the grant ends, however often it is refreshed. */
function lastExpiryOf({ tenant }: TenantContext, family: FamilyRecord): Instant {
  const client = tenant.clients.get(family.client);
  return client === undefined ? family.expiresAt : family.mintedAt + client.absoluteRefreshTokenLifetime * 1000;
}

/** When the refresh token expires: as its row says, or sooner if the client's absolute lifetime is shorter by now. */
export function expiryOf({ tenant }: TenantContext, family: FamilyRecord): Instant {
  const client = tenant.clients.get(family.client);
  if (client === undefined) return family.expiresAt;
  return Math.min(
    family.expiresAt,
    family.mintedAt + client.absoluteRefreshTokenLifetime * 1000,
    family.rotatedAt + client.slidingRefreshTokenLifetime * 1000,
  );
}
