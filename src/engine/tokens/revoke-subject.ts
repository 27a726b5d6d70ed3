import type { Instant } from "../../base/clock.ts";
import type { Client, Tenant } from "../../registry/tenant.ts";
import { type MetaStore, StoreUnavailableError } from "../../store/port.ts";
import { LONGEST_LIFETIMES } from "../../token/lifetimes.ts";
import { revocationIds } from "../../token/revocation.ts";
import type { TenantContext } from "../context.ts";
import { AHEAD } from "../issuing-clock.ts";

/**
 * How far ahead of the write a revocation's time lies at first, besides the clock skew, in milliseconds: most writes
 * take less.
 */
const FIRST_LEAD = 25;

/** The most that it lies ahead, in milliseconds: well below how far the issuing clock is covered. */
export const MAX_LEAD = AHEAD / 2;

/** How often a revocation that was written too late is tried again. */
const MAX_ATTEMPTS = 8;

/** What revoking everything up to now needs of a tenant's context. */
type RevocationContext = Pick<TenantContext, "store" | "issuingClock" | "clock" | "maxClockSkew">;

/**
 * Revokes everything of a subject that was minted before this call: for one client, or for all clients of its
 * namespace.
 */
export async function revokeSubject(
  context: TenantContext,
  client: Client,
  subject: string,
  wholeNamespace: boolean,
): Promise<void> {
  const ids = [revocationIds.subjectOfClient(subject, client.id)];
  if (wholeNamespace && client.namespace !== undefined) {
    ids.unshift(revocationIds.subjectOfNamespace(subject, client.namespace));
  }
  await takeRevocation(context, client, ids);
  await revokeUpToNow(context, ids, client.id);
}

/**
 * Counts new revocations towards the client's quota; raising an existing one is free. Throws OAuthError `access_denied`
 * if the client has used up its quota.
 */
export async function takeRevocation(context: TenantContext, client: Client, ids: readonly string[]): Promise<void> {
  if (client.maxRevocations === undefined) return;
  const there = new Set((await context.store.revocations.find(ids)).map(({ id }) => id));
  // By id: a revocation that several callers ask for at once is one row.
  await context.quotas.take({ maxRevocations: ids.filter((id) => !there.has(id)) }, client, context);
}

/** Revokes everything that a client minted before this call, whether or not the client is configured. */
export function revokeClientTokens(context: RevocationContext, clientId: string): Promise<void> {
  return revokeUpToNow(context, [revocationIds.client(clientId)]);
}

/**
 * Records the longest lifetimes of this tenant's configuration in the store, where they only grow. Call it before the
 * first token is minted: a revocation is kept for as long as the tokens that it kills.
 */
export async function recordLifetimes({ clients }: Tenant, meta: MetaStore): Promise<void> {
  // Not all of them as arguments of one call: there may be more than fit on the stack.
  const longest = (lifetime: (client: Client) => number) =>
    clients.values().reduce((most, client) => Math.max(most, lifetime(client)), 0);
  const jwt = longest((client) => Math.max(client.accessTokenLifetime, client.idTokenLifetime));
  // From the mint to the expiry of the last access token of the last refresh, which a retry may have made.
  const grant = longest(
    (client) => client.absoluteRefreshTokenLifetime + client.refreshGrace + client.accessTokenLifetime,
  );
  await Promise.all([meta.raise(LONGEST_LIFETIMES.jwt, jwt), meta.raise(LONGEST_LIFETIMES.grant, grant)]);
}

/**
 * Revokes everything minted up to now, and whatever is minted from it in the meantime.
 *
 * A revocation kills every token up to its own time. That time lies ahead of the write by more than clocks differ, so
 * the revocation is in the store before the time comes: whoever mints from a dying token until then gets a token that
 * dies too, however long the chain. A revocation that was written too late is raised and written again. The answer
 * waits until every clock has passed its time, so that everything minted after the answer lives.
 *
 * Throws StoreUnavailableError if no write is fast enough.
 */
async function revokeUpToNow(context: RevocationContext, ids: readonly string[], client?: string): Promise<void> {
  const { clock, issuingClock, maxClockSkew: e } = context;
  let lead = FIRST_LEAD;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const covered = clock.now() + AHEAD + 2 * e;
    await issuingClock.cover(covered);
    const begun = clock.now();
    const notAfter = begun + lead + 2 * e;
    // Raising the ceiling took too long; the time would not be covered.
    if (notAfter > covered) continue;
    await write(context, ids, notAfter, client);
    // Measured, not assumed: only a write that was acknowledged before its time came is in time.
    const took = clock.now() - begun;
    if (took <= lead) return clock.past(notAfter + 2 * e);
    lead = Math.min(2 * took, MAX_LEAD);
  }
  throw new StoreUnavailableError("The store takes too long to write a revocation.");
}

async function write(
  { store, maxClockSkew: e }: RevocationContext,
  ids: readonly string[],
  notAfter: Instant,
  client: string | undefined,
): Promise<void> {
  // Read every time: a node with another configuration may have raised them.
  const { grant, jwt } = LONGEST_LIFETIMES;
  const lifetimes = await Promise.all([store.meta.read(grant), store.meta.read(jwt)]);
  // An id_token can be exchanged for as long as it lives, which may be longer than any grant.
  const longest = Math.max(...lifetimes.map((seconds) => seconds ?? 0));
  const expiresAt = notAfter + longest * 1000 + 2 * e;
  // The namespace's first: it kills the token that the caller may have presented. If the second write fails, a retry
  // with that token could reach nothing more.
  for (const id of ids) await store.revocations.raise({ id, notAfter, expiresAt, client });
}
