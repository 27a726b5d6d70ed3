import type { WorkloadIssuer } from "../../registry/public-keys.ts";
import type { Client, Tenant } from "../../registry/tenant.ts";
import type { AssertionFlaw } from "../../telemetry/events.ts";
import type { SignedJwt } from "../../token/signed-jwt.ts";
import { flawOfTimes, isFor } from "../assertion-claims.ts";
import type { Caller } from "../request.ts";
import { presentationOf } from "./assertion.ts";
import { signednessOf } from "./assertion-signature.ts";
import type { MethodContext, Presentation } from "./method.ts";

/** Who vouches for a workload, by the name in the tenant's registration. */
type NamedIssuer = readonly [name: string, issuer: WorkloadIssuer];

/** A JWT that a workload got from its platform, and who vouches for it. */
interface Presented {
  readonly method: string;
  readonly jwt: SignedJwt;
  readonly sub: string;
  readonly issuer: NamedIssuer;
  /** What a `client_id` beside it may be, besides the client's own. */
  readonly alias?: string;
}

/** The one of the tenant's issuers with that `iss` or trust domain; undefined if there is none. */
export function findIssuer(
  { workloadIssuers }: Tenant,
  by: WorkloadIssuer["by"],
  name: unknown,
): NamedIssuer | undefined {
  return workloadIssuers.entries().find(([, issuer]) => issuer.by === by && issuer.name === name);
}

/** Whether a client is a workload of such an issuer. */
export function hasWorkload({ workload }: Client, { workloadIssuers }: Tenant, by: WorkloadIssuer["by"]): boolean {
  return workload.some(({ issuer }) => workloadIssuers.get(issuer)?.by === by);
}

/**
 * What a workload presents: a JWT that its platform gives it for a while, and that it may present again until it ends. So
 * there is no rule for `jti`. Its `sub` is mapped to a client word for word.
 */
export function workloadPresentation(presented: Presented, caller: Caller, context: MethodContext): Presentation {
  const { method, sub, issuer } = presented;
  const clientId = clientIdOf(presented, caller, context.tenant);
  const check = async (client: Client): Promise<AssertionFlaw | undefined> => {
    if (!isWorkload(client, issuer, sub)) return "names another client";
    return flawOf(presented, caller, client, context);
  };
  return presentationOf({ method, clientId, check }, context);
}

/** The client that is meant: the one that is named, or else the only one that is this workload. */
function clientIdOf({ sub, issuer, alias }: Presented, { clientId }: Caller, tenant: Tenant): string {
  if (clientId !== undefined && clientId !== alias) return clientId;
  const [only, second] = clientsOf(tenant).get(keyOf(issuer[0], sub)) ?? [];
  return only !== undefined && second === undefined ? only : sub;
}

async function flawOf(
  { jwt, alias, issuer: [, { by, keys }] }: Presented,
  { clientId }: Caller,
  client: Client,
  context: MethodContext,
): Promise<AssertionFlaw | undefined> {
  if (clientId !== undefined && clientId !== client.id && clientId !== alias) return "names another client";
  // RFC 9068 section 2.2: an access token, which a provider may sign with the same key.
  if (jwt.claims.client_id !== undefined) return "another kind of token";
  if (!isFor(jwt.claims, [context.tenant.issuer])) return "another audience";
  const flaw = flawOfTimes(jwt.claims, context.clock.now());
  if (flaw !== undefined) return flaw;
  const source = by === "trust domain" ? { ...keys, use: "jwt-svid" as const } : keys;
  const signedness = await signednessOf(jwt, source, context);
  return signedness === "signed" ? undefined : signedness;
}

function isWorkload({ workload }: Client, [name]: NamedIssuer, sub: string): boolean {
  return workload.some(({ issuer, subject }) => issuer === name && subject === sub);
}

/** Found once for each state of a tenant: it may have very many clients. */
const found = new WeakMap<Tenant, ReadonlyMap<string, readonly string[]>>();

/** The ids of the clients by what workload they are. */
function clientsOf(tenant: Tenant): ReadonlyMap<string, readonly string[]> {
  const known = found.get(tenant);
  if (known !== undefined) return known;
  const all = tenant.clients.values().flatMap(({ id, workload }) => workload.map((each) => ({ id, ...each })));
  const grouped = Map.groupBy(all, ({ issuer, subject }) => keyOf(issuer, subject));
  const clients = new Map(Array.from(grouped, ([key, group]) => [key, group.map(({ id }) => id)]));
  found.set(tenant, clients);
  return clients;
}

function keyOf(issuer: string, subject: string): string {
  return JSON.stringify([issuer, subject]);
}
