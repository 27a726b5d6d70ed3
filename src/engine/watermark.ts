import type { MetaStore } from "../store/port.ts";
import type { Instant } from "../token/clock.ts";
import { cutIds } from "../token/cut.ts";
import { LONGEST_LIFETIMES } from "../token/lifetimes.ts";
import type { Client, Tenant } from "./tenant.ts";
import type { TenantWorld } from "./world.ts";

/** What a cut up to now needs of a tenant's world. */
export type WatermarkWorld = Pick<TenantWorld, "store" | "moments" | "clock" | "maxClockSkew">;

/** Ends everything of a subject that was minted before this call: for one client, or for all clients of its namespace. */
export async function cutSubject(
  world: TenantWorld,
  client: Client,
  subject: string,
  wholeNamespace: boolean,
): Promise<void> {
  const ids = [cutIds.subjectOfClient(subject, client.id)];
  if (wholeNamespace && client.namespace !== undefined) {
    ids.unshift(cutIds.subjectOfNamespace(subject, client.namespace));
  }
  await cutUpToNow(world, ids);
  const fields = { event: "subject_revoked", tenant: world.tenant.id, client: client.id, wholeNamespace };
  world.logger.info(fields, "all tokens of a subject were revoked");
}

/** Ends everything that a client minted before this call, whether the client is configured or not. */
export function cutClient(world: WatermarkWorld, clientId: string): Promise<void> {
  return cutUpToNow(world, [cutIds.client(clientId)]);
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
 * A cut kills what is as old as its moment. So that it loses nothing at the edge though clocks differ by up to e, it
 * lies 2e ahead of a clock that is read once the first cut is durable, and the answer waits until every clock is past
 * it: then all that was minted before is dead, and all whose mint begins after the answer lives.
 */
async function cutUpToNow(world: WatermarkWorld, ids: readonly string[]): Promise<void> {
  const { clock, maxClockSkew: e } = world;
  await cut(world, ids, clock.now() + 2 * e);
  const raised = clock.now();
  await cut(world, ids, raised + 2 * e);
  await clock.past(raised + 4 * e);
}

async function cut(
  { store, moments, maxClockSkew: e }: WatermarkWorld,
  ids: readonly string[],
  notAfter: Instant,
): Promise<void> {
  // A process that starts after this one, with a clock that was set back, mints nothing that is older than the cut.
  await moments.cover(notAfter);
  // Read every time: a node with another configuration may have raised it.
  const lifetime = (await store.meta.read(LONGEST_LIFETIMES.grant)) ?? 0;
  const expiresAt = notAfter + lifetime * 1000 + 2 * e;
  // The widest first: it kills the token that the caller may have come with, which then reaches nothing in a retry.
  for (const id of ids) await store.revocations.cut({ id, notAfter, expiresAt });
}
