import type { Instant } from "../../base/clock.ts";
import type { FamilyRecord, RevocationRecord } from "../../store/port.ts";
import type { Because } from "../../telemetry/events.ts";
import type { Ancestor } from "../../token/ancestor.ts";
import { parseJti } from "../../token/jti.ts";
import { isRevoked, revocationIds } from "../../token/revocation.ts";
import type { TenantContext } from "../context.ts";
import { keyRevocationIds, mintRevocationIds } from "./revocation-ids.ts";

/** An ancestor, and what may end it. */
interface LookedUpAncestor {
  readonly ancestor: Ancestor;
  /** The ids of all revocations that can kill it. */
  readonly ids: readonly string[];
  /** The family of its grant, if it has one. */
  readonly family: string | undefined;
}

/** What was found that may have ended a token. */
interface Findings {
  /** The revocations with the token's own ids. */
  readonly own: readonly RevocationRecord[];
  readonly lookUps: readonly LookedUpAncestor[];
  /** All that were found, those with the ids of the ancestors too. */
  readonly revocations: readonly RevocationRecord[];
  /** The rows of the ancestors' grants, by id; undefined if no ancestor has one. */
  readonly families: ReadonlyMap<string, FamilyRecord> | undefined;
}

const NONE: readonly LookedUpAncestor[] = [];

/**
 * Looks up what may have ended a token: the revocations with its `ids` and with those of its ancestors, in one query, and the
 * ancestors' grants in another. Most tokens have no ancestors, which costs nothing.
 */
export async function findEnds(
  context: TenantContext,
  ids: readonly string[],
  ancestors: readonly Ancestor[],
): Promise<Findings> {
  const lookUps = lookUpsOf(context, ancestors);
  if (lookUps.length === 0) {
    const own = await context.store.revocations.find(ids);
    return { own, lookUps, revocations: own, families: undefined };
  }
  const [revocations, families] = await Promise.all([
    context.store.revocations.find([...ids, ...lookUps.flatMap((ancestor) => ancestor.ids)]),
    findFamilies(context, lookUps),
  ]);
  return { own: withIds(revocations, ids), lookUps, revocations, families };
}

/** What has to be looked up of the ancestors of a token. */
function lookUpsOf(context: TenantContext, ancestors: readonly Ancestor[]): readonly LookedUpAncestor[] {
  if (ancestors.length === 0) return NONE;
  return ancestors.map((ancestor) => {
    const { jti, subject, client, namespace } = ancestor;
    const ids = [...keyRevocationIds(ancestor), ...mintRevocationIds(context, subject, client, namespace)];
    if (jti === undefined) return { ancestor, ids, family: undefined };
    return { ancestor, ids: [revocationIds.jti(jti), ...ids], family: parseJti(jti)?.family };
  });
}

/** The rows of the ancestors' grants, by id, each once; undefined if no ancestor has one. */
async function findFamilies(
  { store }: TenantContext,
  lookUps: readonly LookedUpAncestor[],
): Promise<ReadonlyMap<string, FamilyRecord> | undefined> {
  const ids = new Set(lookUps.flatMap(({ family }) => family ?? []));
  if (ids.size === 0) return undefined;
  const rows = await store.families.findAll([...ids]);
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * Why an ancestor of a token is not active, whether or not it has expired: whatever ends a token ends what was derived
 * from it. Undefined if all are. `expiresAt`: when the token expires.
 */
export function whyAncestorDead(
  { tenant, issuingClock }: TenantContext,
  { lookUps, revocations, families }: Findings,
  expiresAt: Instant,
): Because | undefined {
  for (const { ancestor, ids, family: id } of lookUps) {
    const { client, issuedAt } = ancestor;
    if (tenant.clients.get(client)?.enabled !== true) return "client disabled or unknown";
    if (issuingClock.mayLackRevocation(issuedAt, expiresAt)) return "clock behind its revocations";
    const family = id === undefined ? undefined : families?.get(id);
    if (id !== undefined && (family === undefined || family.revokedAt !== undefined)) return "grant revoked or unknown";
    const times = family === undefined ? [issuedAt] : [issuedAt, family.mintedAt];
    if (isRevoked(withIds(revocations, ids), times)) return "revoked";
  }
  return undefined;
}

/**
 * The same for ancestors that are looked up by themselves, rather than with the token. Reads the store.
 */
export async function whyAnyDead(
  context: TenantContext,
  ancestors: readonly Ancestor[],
  expiresAt: Instant,
): Promise<Because | undefined> {
  return whyAncestorDead(context, await findEnds(context, [], ancestors), expiresAt);
}

/** Those of the revocations that bear one of these ids. */
function withIds(revocations: readonly RevocationRecord[], ids: readonly string[]): readonly RevocationRecord[] {
  return revocations.filter(({ id }) => ids.includes(id));
}
