import type { Instant } from "../../src/base/clock.ts";
import { UnavailableError } from "../../src/base/unavailable.ts";
import { NO_SUCH_TENANT, OAuthError } from "../../src/engine/errors.ts";
import type { MintRequest } from "../../src/engine/request.ts";
import { RegistrationError } from "../../src/registry/registration-error.ts";
import { formatSha256, hashSecret } from "../../src/registry/secret.ts";
import type { KeyRecord, KeyUse } from "../../src/store/port.ts";
import type { RegistrationRecord } from "../../src/store/registration-port.ts";
import { LONGEST_LIFETIMES } from "../../src/token/lifetimes.ts";
import { SECRET } from "../support/tenant.ts";
import type { Done, Incarnation } from "./node.ts";
import { Violation } from "./oracle.ts";
import type { Prng } from "./prng.ts";
import type { Use } from "./registrations.ts";
import { credentialsOf, REGISTERED_TENANT } from "./tenants.ts";
import type { World } from "./world.ts";

/** Its only client. */
const CLIENT = "only";

/** What operators do with it, and how often. */
const ORDERS = { create: 6, lengthen: 1, delete: 2 } as const;

const SECRETS = [{ id: "1", hash: formatSha256(hashSecret(SECRET).digest), createdAt: 0 }];

const MINT: MintRequest = {
  grantType: "arbitrary_no_subject",
  scopes: ["read", "offline_access"],
  arbitraryClaims: { sub: "erin" },
};

/**
 * Knows what is left of the tenant: nobody can see it before its keys are there, nor mint for longer than was recorded; and
 * neither do its keys go nor is there another one of its name while one of its tokens is alive.
 */
export class LeftoversOracle {
  readonly #off: number;
  readonly #keys = new Set<{ readonly use: KeyUse; readonly createdAt: Instant }>();
  #isLiving = false;
  #wasDeleted = false;
  /** Until when the token that lives longest is alive by any clock, in true time. */
  #aliveUntil: Instant = 0;
  #recorded = 0;
  #violation: Violation | undefined;

  /** `off`: by how much a clock may be off true time, in milliseconds. */
  constructor(off: number) {
    this.#off = off;
  }

  /** The store has done something. */
  note({ operation: { tenant, name, args }, result }: Done, now: Instant): void {
    if (name === "registrations.put" && !("conflict" in (result as object)))
      this.#notePut(args[0] as RegistrationRecord, now);
    if (tenant !== REGISTERED_TENANT) return;
    if (name === "keys.append" && result === true) this.#keys.add(args[0] as KeyRecord);
    if (name === "keys.forget") this.#noteForgotten(args[0] as Instant, now);
    if (name === "meta.raise" && args[0] === LONGEST_LIFETIMES.jwt) this.#recorded = Number(result);
  }

  /** A token was minted by a call that began then. Throws a {@link Violation} if something was wrong since. */
  minted(start: Instant, lifetime: number): void {
    this.#aliveUntil = Math.max(this.#aliveUntil, start + lifetime * 1000 - this.#off);
    if (lifetime > this.#recorded) this.#note("a token was minted before its lifetime was recorded");
    if (this.#violation !== undefined) throw this.#violation;
  }

  #notePut({ kind, tenant, deletedAt }: RegistrationRecord, now: Instant): void {
    if (kind !== "tenant" || tenant !== REGISTERED_TENANT) return;
    const isLiving = deletedAt === undefined;
    if (isLiving && new Set([...this.#keys].map(({ use }) => use)).size < 2)
      this.#note("a tenant can be seen before its keys are there");
    if (isLiving && this.#wasDeleted && now < this.#aliveUntil)
      this.#note("the name of a tenant is used again while one of its tokens is alive");
    this.#wasDeleted = !isLiving;
    this.#isLiving = isLiving;
  }

  #noteForgotten(createdUpTo: Instant, now: Instant): void {
    const gone = [...this.#keys].filter(({ createdAt }) => createdAt <= createdUpTo);
    for (const key of gone) this.#keys.delete(key);
    if (gone.length === 0) return;
    if (this.#isLiving) this.#note("the keys of a tenant that is there were deleted");
    if (now < this.#aliveUntil) this.#note("the keys of a tenant were deleted while one of its tokens is alive");
  }

  #note(what: string): void {
    this.#violation ??= new Violation(8, what);
  }
}

/** Registers the tenant, changes it, deletes it and so on, at any node, and tries again until there is an answer. */
export async function tenantRegistrar(world: World, random: Prng): Promise<void> {
  const { faults, scheduler } = world;
  for (let order = 1; ; order++) {
    await scheduler.wait(random.int(2000, 20_000));
    const what = random.weighted(ORDERS);
    if (!faults.happens("tenant registered")) continue;
    const lifetime = what === "lengthen" ? random.int(30, 60) : 30;
    const change = { tenant: REGISTERED_TENANT, request: `order ${order}` } as const;
    const made = { entry: tenantOf(lifetime), secrets: [] };
    const tenant = { ...change, kind: "tenant", id: REGISTERED_TENANT, force: true } as const;
    const make = (current: object | undefined) =>
      what === "delete" || (what === "lengthen" && current === undefined) ? undefined : made;
    for (let attempt = 0; attempt < 4; attempt++) {
      const node = world.anyNode(random);
      if (node !== undefined && (await write(world, node, what, { ...tenant, make }))) break;
      await scheduler.wait(random.delay(8000));
    }
    const client = {
      ...change,
      kind: "client",
      id: CLIENT,
      make: () => ({ entry: CLIENT_ENTRY, secrets: SECRETS }),
    } as const;
    const node = world.anyNode(random);
    if (node !== undefined && what === "create") await write(world, node, "client", client);
  }
}

type Change = Parameters<NonNullable<Incarnation["registrations"]>["write"]>[0];

/** Resolves to whether there was an answer. */
async function write(world: World, node: Incarnation, what: string, change: Change): Promise<boolean> {
  const { scheduler, registeredTenants } = world;
  const start = scheduler.now;
  const done = node.registrations?.write(change).catch((error: unknown) => {
    if (error instanceof UnavailableError) return undefined;
    if (error instanceof RegistrationError) return error.why;
    throw error;
  });
  const written = await Promise.race([node.crashed, done]);
  const outcome = typeof written === "string" ? written : written ? "answered" : "no answer";
  world.log(() => `${node.name} ${REGISTERED_TENANT} ${what}: ${outcome}`);
  world.answers.set(`tenant ${what} ${outcome}`, (world.answers.get(`tenant ${what} ${outcome}`) ?? 0) + 1);
  if (written === undefined || typeof written === "string") return written !== undefined;
  if (change.kind !== "tenant") return true;
  const now = node.clock.now();
  const moments = { effectiveIn: written.effectiveAt - now, certainIn: written.certainAt - now };
  const from = registeredTenants.told(REGISTERED_TENANT, start, scheduler.now, moments);
  // Unless it could not read: it acts by its own write at once.
  if (from !== undefined && node.lastFailure < start) node.registryReadAt = Math.max(node.registryReadAt, from + 0.5);
  return true;
}

const CLIENT_ENTRY = { grants: ["arbitrary_no_subject"], scopes: ["read"], allowOfflineAccess: true };

function tenantOf(lifetime: number) {
  const clientDefaults = {
    accessTokenLifetime: lifetime,
    slidingRefreshTokenLifetime: 30,
    absoluteRefreshTokenLifetime: 30,
    refreshGrace: 0,
  };
  return { signing: { algorithm: "ES256" }, clientDefaults };
}

/** Uses the tenant at any node, whatever operators did with it. */
export async function tenantUser(world: World, random: Prng): Promise<void> {
  const { scheduler } = world;
  const tokens = { access: "none", refresh: "none" };
  for (;;) {
    await scheduler.wait(random.delay(3000));
    const node = world.anyNode(random);
    if (node === undefined) continue;
    const caller = credentialsOf(CLIENT);
    const what = random.weighted({ mint: 3, introspect: 2, refresh: 1 });
    const start = scheduler.now;
    const use = { node, tenant: REGISTERED_TENANT, start, readAt: node.registryReadAt };
    const run = async (): Promise<Use["outcome"]> => {
      const engine = node.engine?.forTenant(REGISTERED_TENANT);
      if (engine === undefined) return "off";
      if (what === "introspect") {
        await engine.introspect(caller, { token: tokens.access });
        return "on";
      }
      const request = { refreshToken: tokens.refresh };
      const { accessToken, refreshToken, expiresIn } = await (what === "mint"
        ? engine.mint(caller, MINT)
        : engine.refresh(caller, request));
      Object.assign(tokens, { access: accessToken, refresh: refreshToken ?? tokens.refresh });
      world.leftovers.minted(start, expiresIn);
      return "on";
    };
    const outcome = await Promise.race([node.crashed.then(() => "unsure" as const), run().catch(outcomeOf)]);
    world.log(() => `${node.name} ${REGISTERED_TENANT} ${what}: ${outcome}`);
    world.answers.set(`registered tenant ${outcome}`, (world.answers.get(`registered tenant ${outcome}`) ?? 0) + 1);
    world.registeredTenants.used({ ...use, end: scheduler.now, outcome });
  }
}

/** Whether its client is there is another question. */
function outcomeOf(error: unknown): Use["outcome"] {
  if (!(error instanceof OAuthError)) throw error;
  return error.message === NO_SUCH_TENANT ? "off" : "unsure";
}
