import { UnavailableError } from "../../src/base/unavailable.ts";
import { OAuthError } from "../../src/engine/errors.ts";
import type { MintRequest } from "../../src/engine/request.ts";
import { RegistrationError } from "../../src/registry/registration-error.ts";
import { formatSha256, hashSecret } from "../../src/registry/secret.ts";
import { SECRET } from "../support/tenant.ts";
import type { Incarnation } from "./node.ts";
import type { Prng } from "./prng.ts";
import type { Use } from "./registrations.ts";
import { credentialsOf, TENANTS } from "./tenants.ts";
import type { World } from "./world.ts";

/** The client that operators register, of each tenant. */
export const REGISTERED_CLIENT = "registered";

/** What operators do with it, and how often. */
const ORDERS = { enable: 4, disable: 3, lengthen: 2, delete: 1 } as const;

const SECRETS = [{ id: "1", hash: formatSha256(hashSecret(SECRET).digest), createdAt: 0 }];

const MINT: MintRequest = {
  grantType: "arbitrary_no_subject",
  scopes: ["read", "offline_access"],
  arbitraryClaims: { sub: "dave" },
};

/** Registers a client, disables it, deletes it and so on, at any node, and tries again until there is an answer. */
export async function registrar(world: World, random: Prng): Promise<void> {
  const { faults, scheduler } = world;
  for (let order = 1; ; order++) {
    await scheduler.wait(random.int(4000, 40_000));
    const what = random.weighted(ORDERS);
    if (!faults.happens("client registered")) continue;
    const tenant = random.pick(TENANTS);
    const lifetimes = what === "lengthen" ? random.int(1, 4) : 1;
    const entry = entryOf(what !== "disable", lifetimes);
    const make = () => (what === "delete" ? undefined : { entry, secrets: SECRETS });
    const change = { kind: "client", tenant, id: REGISTERED_CLIENT, make, request: `order ${order}` } as const;
    for (let attempt = 0; attempt < 4; attempt++) {
      const node = world.anyNode(random);
      if (node !== undefined && (await write(world, node, what, change))) break;
      await scheduler.wait(random.delay(8000));
    }
  }
}

type Change = Parameters<NonNullable<Incarnation["registrations"]>["write"]>[0];

/** Resolves to whether there was an answer. */
async function write(world: World, node: Incarnation, what: string, change: Change): Promise<boolean> {
  const { scheduler, registrations } = world;
  const start = scheduler.now;
  const done = node.registrations?.write(change).catch((error: unknown) => {
    if (error instanceof UnavailableError) return undefined;
    // Somebody else may have deleted it, or always have been faster.
    if (error instanceof RegistrationError && ["missing", "stale"].includes(error.why)) return "refused";
    throw error;
  });
  const written = await Promise.race([node.crashed, done]);
  world.log(() => `${node.name} ${change.tenant}/${REGISTERED_CLIENT} ${what}: ${written ? "answered" : "no answer"}`);
  if (written === undefined || written === "refused") return written !== undefined;
  const now = node.clock.now();
  const moments = { effectiveIn: written.effectiveAt - now, certainIn: written.certainAt - now };
  const from = registrations.told(change.tenant, start, scheduler.now, moments);
  // Unless it could not read: it acts by its own write at once.
  if (from !== undefined && node.lastFailure < start) node.registryReadAt = Math.max(node.registryReadAt, from + 0.5);
  return true;
}

function entryOf(enabled: boolean, factor: number) {
  return {
    grants: ["arbitrary_no_subject"],
    scopes: ["read"],
    allowOfflineAccess: true,
    enabled,
    accessTokenLifetime: 30 * factor,
    slidingRefreshTokenLifetime: 100 * factor,
    absoluteRefreshTokenLifetime: 100 * factor,
  };
}

/** Uses the client at any node, whatever operators did with it. */
export async function registered(world: World, random: Prng): Promise<void> {
  const { scheduler } = world;
  const tokens = { access: "none", refresh: "none" };
  for (;;) {
    await scheduler.wait(random.delay(3000));
    const node = world.anyNode(random);
    const tenant = random.pick(TENANTS);
    const engine = node?.engine?.forTenant(tenant);
    if (node === undefined || engine === undefined) continue;
    const caller = credentialsOf(REGISTERED_CLIENT);
    const what = random.weighted({ mint: 3, introspect: 2, refresh: 1 });
    const use = { node, tenant, start: scheduler.now, readAt: node.registryReadAt };
    const run = async (): Promise<Use["outcome"]> => {
      if (what === "introspect") {
        await engine.introspect(caller, { token: tokens.access });
        return "on";
      }
      const request = { refreshToken: tokens.refresh };
      const { accessToken, refreshToken } = await (what === "mint"
        ? engine.mint(caller, MINT)
        : engine.refresh(caller, request));
      Object.assign(tokens, { access: accessToken, refresh: refreshToken ?? tokens.refresh });
      return "on";
    };
    const outcome = await Promise.race([node.crashed.then(() => "unsure" as const), run().catch(outcomeOf)]);
    world.log(() => `${node.name} ${tenant}/${REGISTERED_CLIENT} ${what}: ${outcome}`);
    world.answers.set(`registered ${outcome}`, (world.answers.get(`registered ${outcome}`) ?? 0) + 1);
    world.registrations.used({ ...use, end: scheduler.now, outcome });
  }
}

/** A refresh of a disabled client is refused as one of a token that is worth nothing. */
function outcomeOf(error: unknown): Use["outcome"] {
  if (!(error instanceof OAuthError)) throw error;
  return error.code === "invalid_client" ? "off" : "unsure";
}
