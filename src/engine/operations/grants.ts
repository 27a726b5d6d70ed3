import { FOREVER } from "../../base/clock.ts";
import type { Operator } from "../../registry/tenant.ts";
import type { FamilyPage, FamilyRecord } from "../../store/port.ts";
import { isRevoked } from "../../token/revocation.ts";
import { rowMacGeneration } from "../../token/row-mac.ts";
import type { RequestContext, TenantContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import type { GrantDescription, GrantPage, ListGrantsRequest, RevokeGrantRequest } from "../request.ts";
import { whyAnyDead } from "../tokens/ancestors.ts";
import { ancestorsInRecord, readGrantRecord } from "../tokens/grant-record.ts";
import { expiryOf, grantRevocationIds } from "../tokens/refresh-token.ts";
import type { Done } from "./operation.ts";
import { pageSizeOf, readPageToken, writePageToken } from "./pages.ts";

/** The longest id of a grant, in characters: a longer one does not exist. */
const MAX_ID = 64 * 1024;

type Cursor = NonNullable<FamilyPage["next"]>;

type Revocations = Awaited<ReturnType<TenantContext["store"]["revocations"]["find"]>>;

/**
 * Lists the grants of a subject, of a client, or of both: those that can be refreshed, and those that no longer can, until
 * their rows are deleted. For operators only.
 *
 * Throws OAuthError `invalid_request` if the request makes no sense.
 */
export async function listGrants(
  context: RequestContext,
  _operator: Operator,
  { subject, client, pageSize, pageToken }: ListGrantsRequest,
): Promise<Done<GrantPage>> {
  if (subject === undefined && client === undefined)
    throw new OAuthError("invalid_request", "subject or client is required.");
  const limit = pageSizeOf(pageSize);
  const after = pageToken === undefined ? undefined : cursorIn(pageToken);
  context.note({ subject });
  const { families, next } = await context.store.families.list({ subject, client, after, limit });
  const revocations = await revocationsOf(context, families);
  const orphans = await orphansAmong(context, families);
  return {
    answer: {
      grants: families.map((family) => {
        const described = describeGrant(context, family, revocations.get(family) ?? []);
        return orphans.has(family) && described.state === "active" ? { ...described, state: "revoked" } : described;
      }),
      nextPageToken: next && writePageToken([next.mintedAt, next.id]),
    },
    event: { event: "grants_listed", ofClient: client },
  };
}

/**
 * Revokes a grant and all its tokens. For operators only.
 *
 * Throws OAuthError `invalid_request` if the operator names no grant of this tenant.
 */
export async function revokeGrant(
  context: RequestContext,
  _operator: Operator,
  { grant }: RevokeGrantRequest,
): Promise<Done<GrantDescription>> {
  if (grant === undefined) throw new OAuthError("invalid_request", "grant is required.");
  const { families } = context.store;
  const isThere = grant.length <= MAX_ID && (await families.find(grant)) !== undefined;
  if (isThere) await families.revoke(grant, context.reading.now);
  // Read again: an earlier revocation stays the one that counts.
  const family = isThere ? await families.find(grant) : undefined;
  if (family === undefined)
    throw new OAuthError("invalid_request", "There is no such grant.", { conflict: "not_found" });
  context.note({ subject: family.subject });
  const answer = describeGrant(context, family, []);
  return { answer, event: { event: "revoked", what: "grant", family: family.id } };
}

/** The revocations that end each of these grants, by one query. */
async function revocationsOf(
  context: TenantContext,
  families: readonly FamilyRecord[],
): Promise<ReadonlyMap<FamilyRecord, Revocations>> {
  const ids = new Map(families.map((family) => [family, new Set(revocationIdsOf(context, family))]));
  const all = new Set(Array.from(ids.values(), (own) => [...own]).flat());
  const found = all.size === 0 ? [] : await context.store.revocations.find([...all]);
  return new Map(Array.from(ids, ([family, own]) => [family, found.filter(({ id }) => own.has(id))]));
}

/** The grants that ended with a token that they were exchanged for. Most were not, which costs nothing. */
async function orphansAmong(
  context: TenantContext,
  families: readonly FamilyRecord[],
): Promise<ReadonlySet<FamilyRecord>> {
  const orphans = families.map(async (family) => {
    const ancestors = readAncestors(family);
    const isOrphan = ancestors.length > 0 && (await whyAnyDead(context, ancestors, family.expiresAt)) !== undefined;
    return isOrphan ? [family] : [];
  });
  return new Set((await Promise.all(orphans)).flat());
}

/** None if it cannot be read: then nothing can be done with it. */
function readAncestors({ decision }: FamilyRecord): ReturnType<typeof ancestorsInRecord> {
  try {
    return ancestorsInRecord(decision);
  } catch {
    return [];
  }
}

/** A row without a MAC is of a version that had no such revocations. */
function revocationIdsOf(context: TenantContext, family: FamilyRecord): readonly string[] {
  const keyGeneration = family.mac === undefined ? undefined : rowMacGeneration(family.mac);
  return grantRevocationIds(context, family, keyGeneration ?? 0);
}

function describeGrant(context: RequestContext, family: FamilyRecord, revocations: Revocations): GrantDescription {
  const { id, client, namespace, subject, mintedAt, revokedAt } = family;
  const scopes = readScopes(family);
  return {
    ...{ id, client, namespace, subject, mintedAt, revokedAt },
    scopes: scopes ?? [],
    state: scopes === undefined ? "unreadable" : stateOf(context, family, revocations),
    refreshedAt: family.attemptId === "" ? undefined : family.rotatedAt,
    expiresAt: expiryOf(context, family),
  };
}

/** Undefined if another version of the program wrote what was granted, as may be while nodes are upgraded. */
function readScopes({ decision }: FamilyRecord): readonly string[] | undefined {
  try {
    return readGrantRecord(decision).scopes;
  } catch {
    return undefined;
  }
}

function stateOf(context: RequestContext, family: FamilyRecord, revocations: Revocations): GrantDescription["state"] {
  if (family.revokedAt !== undefined || isRevoked(revocations, [family.mintedAt])) return "revoked";
  if (expiryOf(context, family) <= context.reading.now) return "expired";
  return context.tenant.clients.get(family.client)?.enabled === true ? "active" : "suspended";
}

function cursorIn(pageToken: string): Cursor {
  const [mintedAt, id] = readPageToken(pageToken, isPlace);
  return { mintedAt, id };
}

function isPlace(value: readonly unknown[]): value is readonly [mintedAt: number, id: string] {
  const [mintedAt, id] = value;
  return Number.isInteger(mintedAt) && Math.abs(Number(mintedAt)) <= FOREVER && typeof id === "string";
}
