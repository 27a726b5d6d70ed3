import type { Instant } from "../../base/clock.ts";
import type { Client, Tenant } from "../../registry/tenant.ts";
import { type MetaStore, StoreUnavailableError } from "../../store/port.ts";
import { LONGEST_LIFETIMES } from "../../token/lifetimes.ts";
import { revocationIds } from "../../token/revocation.ts";
import type { TenantContext } from "../context.ts";
import { AHEAD } from "../issuing-clock.ts";

/** How far ahead of its writing a revocation lies at first, beyond what clocks differ, in milliseconds: most writes take less. */
const FIRST_LEAD = 25;

/** How far at most: well below what is known that may be told. */
export const MAX_LEAD = AHEAD / 2;

/** How often a revocation that was written too late is raised. */
const MAX_ATTEMPTS = 8;

/** What a revocation up to now needs of a tenant's context. */
type RevocationContext = Pick<TenantContext, "store" | "issuingClock" | "clock" | "maxClockSkew">;

/** Ends everything of a subject that was minted before this call: for one client, or for all clients of its namespace. */
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
 * Counts new revocations for the client's quota; one that is raised is none. Throws OAuthError `access_denied` if the client has
 * as many as it may.
 */
export async function takeRevocation(context: TenantContext, client: Client, ids: readonly string[]): Promise<void> {
  if (client.maxRevocations === undefined) return;
  const there = new Set((await context.store.revocations.find(ids)).map(({ id }) => id));
  await context.quotas.take({ maxRevocations: ids.filter((id) => !there.has(id)).length }, client, context);
}

/** Ends everything that a client minted before this call, whether the client is configured or not. */
export function revokeClientTokens(context: RevocationContext, clientId: string): Promise<void> {
  return revokeUpToNow(context, [revocationIds.client(clientId)]);
}

/** Says for how long tokens of this tenant can live as it is configured. Call it before the first token is minted. */
export async function recordLifetimes({ clients }: Tenant, meta: MetaStore): Promise<void> {
  const longest = (lifetime: (client: Client) => number) => Math.max(0, ...Array.from(clients.values(), lifetime));
  const jwt = longest((client) => Math.max(client.accessTokenLifetime, client.idTokenLifetime));
  // From the mint until the last access token of the last refresh, which a retry may have made, has expired.
  const grant = longest(
    (client) => client.absoluteRefreshTokenLifetime + client.refreshGrace + client.accessTokenLifetime,
  );
  await Promise.all([meta.raise(LONGEST_LIFETIMES.jwt, jwt), meta.raise(LONGEST_LIFETIMES.grant, grant)]);
}

/**
 * Ends what was minted up to now, and what is minted from it meanwhile.
 *
 * A revocation kills what is as old as its moment, so the moment lies ahead, further than clocks differ, and the revocation is written
 * before it comes. Then nothing that is to die is alive by the time that a token could be younger: whoever mints from
 * what is to die mints what dies too, however long that chain. A revocation that was written too late is raised. The answer
 * waits until every clock is past the moment: all whose mint begins after it lives.
 *
 * Throws StoreUnavailableError if no write is quick enough.
 */
async function revokeUpToNow(context: RevocationContext, ids: readonly string[], client?: string): Promise<void> {
  const { clock, issuingClock, maxClockSkew: e } = context;
  let lead = FIRST_LEAD;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const covered = clock.now() + AHEAD + 2 * e;
    await issuingClock.cover(covered);
    const begun = clock.now();
    const notAfter = begun + lead + 2 * e;
    if (notAfter > covered) continue;
    await write(context, ids, notAfter, client);
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
  // Read every time: a node with another configuration may have raised it.
  const lifetime = (await store.meta.read(LONGEST_LIFETIMES.grant)) ?? 0;
  const expiresAt = notAfter + lifetime * 1000 + 2 * e;
  // The widest first: it kills the token that the caller may have come with, which then reaches nothing in a retry.
  for (const id of ids) await store.revocations.raise({ id, notAfter, expiresAt, client });
}
