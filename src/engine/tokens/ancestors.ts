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

const NONE: readonly LookedUpAncestor[] = [];

/** What has to be looked up of the ancestors of a token. Most tokens have none, which costs nothing. */
export function lookUpsOf(context: TenantContext, ancestors: readonly Ancestor[]): readonly LookedUpAncestor[] {
  if (ancestors.length === 0) return NONE;
  return ancestors.map((ancestor) => {
    const { jti, subject, client, namespace } = ancestor;
    const ids = [...keyRevocationIds(ancestor), ...mintRevocationIds(context, subject, client, namespace)];
    if (jti === undefined) return { ancestor, ids, family: undefined };
    return { ancestor, ids: [revocationIds.jti(jti), ...ids], family: parseJti(jti)?.family };
  });
}

/** The rows of the ancestors' grants, by id, each once; undefined if no ancestor has one. */
export async function findFamilies(
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
 * from it. Undefined if all are. `revocations`: those with their ids, among others; `expiresAt`: when the token expires.
 */
export function whyAncestorDead(
  { tenant, issuingClock }: TenantContext,
  lookUps: readonly LookedUpAncestor[],
  revocations: readonly RevocationRecord[],
  families: ReadonlyMap<string, FamilyRecord> | undefined,
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
  const lookUps = lookUpsOf(context, ancestors);
  const [revocations, families] = await Promise.all([
    context.store.revocations.find(lookUps.flatMap(({ ids }) => ids)),
    findFamilies(context, lookUps),
  ]);
  return whyAncestorDead(context, lookUps, revocations, families, expiresAt);
}

/** Those of the revocations that bear one of these ids. */
export function withIds(revocations: readonly RevocationRecord[], ids: readonly string[]): readonly RevocationRecord[] {
  return revocations.filter(({ id }) => ids.includes(id));
}
