import type { Instant } from "../../src/base/clock.ts";
import type { MintRequest } from "../../src/engine/request.ts";
import { TOKEN_EXCHANGE } from "../../src/registry/tenant.ts";
import { TOKEN_TYPES } from "../../src/token/token-types.ts";
import { type Call, isRefused } from "./calls.ts";
import { type Held, type ProofKey, proofKey } from "./keys.ts";
import type { Incarnation } from "./node.ts";
import { Violation } from "./oracle.ts";
import type { Prng } from "./prng.ts";
import { BOUND_CLIENTS, SUBJECTS, TENANTS } from "./tenants.ts";
import type { Token } from "./tokens.ts";
import type { World } from "./world.ts";

/** For how long after its `iat` a proof is accepted: the window and the skew of a tenant, in milliseconds. */
const ACCEPTED_FOR = 75_000;

/** How many tokens a thief has a look at. */
const AT_HAND = 200;

const OFFLINE = ["read", "offline_access"];

/** Somebody with keys, each of whose proofs is another one. */
class Holder {
  readonly world: World;
  readonly random: Prng;
  readonly #name: string;
  readonly #keys = new Map<string, ProofKey>();
  #proofs = 0;

  constructor(world: World, random: Prng, name: string) {
    this.world = world;
    this.random = random;
    this.#name = name;
  }

  /** A new proof of a key. By a clock of its own, but never ahead of a node's. `age`: in seconds. */
  shows(keyName: string, age = 0, prove?: ProofKey["prove"]): Held & { readonly acceptedUntil: Instant } {
    const { scheduler, clocks } = this.world;
    const key = this.#keys.get(keyName) ?? proofKey(`${this.#name} ${keyName}`);
    this.#keys.set(keyName, key);
    this.#proofs += 1;
    const iat = Math.floor((scheduler.now - clocks.off) / 1000) - age;
    const proof = (prove ?? key.prove)(`${this.#name} ${this.#proofs}`, iat);
    return { key, proof, acceptedUntil: iat * 1000 + ACCEPTED_FOR };
  }

  think(most: number): Promise<void> {
    return this.world.scheduler.wait(this.random.delay(most));
  }

  recent<T extends Token>(tokens: readonly T[]): T | undefined {
    const bound = tokens.slice(-AT_HAND).filter(({ boundTo }) => boundTo !== undefined);
    return bound.length === 0 ? undefined : this.random.pick(bound);
  }
}

/** One of the clients, with what it holds: a key of two, or a certificate. */
interface Owner {
  readonly tenant: string;
  readonly client: string;
  readonly isPublic: boolean;
  /** What it shows this time. */
  held(): Held;
}

/** Clients that have bound tokens, keep their grants alive, and get others for what they have. */
export async function bound(world: World, random: Prng): Promise<void> {
  const holder = new Holder(world, random, "bound");
  for (;;) {
    await holder.think(12_000);
    const node = world.anyNode(random);
    if (node === undefined) continue;
    const owner = ownerOf(holder);
    const { outcome, start } = await mint(holder, node, owner);
    if (outcome?.kind !== "done") continue;
    const { accessToken, refreshToken } = outcome.answer;
    if (refreshToken !== undefined) world.scheduler.spawn(session(holder, owner, refreshToken, start));
    if (random.chance(0.6)) await derive(holder, owner, accessToken);
  }
}

function ownerOf(holder: Holder): Owner {
  const { random } = holder;
  const client = random.pick(BOUND_CLIENTS);
  const name = `${client} ${random.int(1, 2)}`;
  const owner = { tenant: random.pick(TENANTS), client, isPublic: client === "mobile" };
  if (client === "certified") return { ...owner, held: () => ({ certificate: name }) };
  // A client that proves who it is may have another key from some time on.
  const other = () => (client === "backend" && random.chance(0.1) ? `${name} renewed` : name);
  return { ...owner, held: () => holder.shows(other()) };
}

function mint({ world, random }: Holder, node: Incarnation, owner: Owner): Promise<Call<"mint">> {
  const scopes = random.chance(0.6) ? OFFLINE : ["read"];
  // Whoever the access token is for has a key too.
  const confirmation = owner.client === "mobile" && random.chance(0.3) ? { jkt: "k".repeat(43) } : undefined;
  const request = { grantType: "arbitrary_identity", subject: random.pick(SUBJECTS), scopes, confirmation };
  return world.call(node, "mint", { ...owner, held: owner.held() }, request);
}

/** As a good client does: with the newest token, until there is an answer, each time with a proof of its own. */
async function session(holder: Holder, owner: Owner, first: string, since: Instant): Promise<void> {
  const { world, random } = holder;
  let refreshToken = first;
  while (world.scheduler.now < since + 600_000) {
    await holder.think(random.pick([50, 5000, 30_000, 90_000]));
    const attempts = Array.from({ length: random.chance(0.4) ? random.int(2, 3) : 1 }, async () => {
      await holder.think(random.pick([1, 50, 3000]));
      const node = world.anyNode(random);
      return node && world.call(node, "refresh", { ...owner, held: owner.held() }, { refreshToken });
    });
    const calls = (await Promise.all(attempts)).filter((call) => call !== undefined);
    const done = calls.map(({ outcome }) => outcome).find((outcome) => outcome?.kind === "done");
    if (done?.kind === "done") refreshToken = done.answer.refreshToken ?? refreshToken;
    else if (calls.some((call) => isRefused(call as unknown as Call, "invalid_grant"))) return;
  }
}

/** Its own client, or another that may see it, gets a token for one that is bound, with the key. */
async function derive(holder: Holder, owner: Owner, accessToken: string): Promise<void> {
  const { world, random } = holder;
  await holder.think(3000);
  const node = world.anyNode(random);
  if (node === undefined) return;
  const { tenant } = owner;
  const by = { tenant, client: random.chance(0.5) ? owner.client : "app", isPublic: false };
  if (node.variant.disabled === by.client) return;
  const call = await world.call(node, "mint", { ...by, held: owner.held() }, requestFor(accessToken, random));
  if (call.outcome?.kind !== "done") return;
  const { refreshToken, accessToken: derived } = call.outcome.answer;
  if (refreshToken !== undefined) world.scheduler.spawn(session(holder, { ...owner, ...by }, refreshToken, call.start));
  const asked = world.anyNode(random);
  const flaw = asked?.variant.disabled === by.client ? "invalid_client" : undefined;
  if (asked !== undefined) await world.call(asked, "introspect", by, { token: derived }, flaw);
}

function requestFor(accessToken: string, random: Prng): MintRequest {
  const scopes = random.chance(0.4) ? OFFLINE : ["read"];
  if (random.chance(0.5)) return { grantType: "arbitrary_resource_owner", accessToken, scopes, arbitraryClaims: {} };
  const subject = { subjectToken: accessToken, subjectTokenType: TOKEN_TYPES.access_token };
  return { grantType: TOKEN_EXCHANGE, ...subject, scopes };
}

/** Has everybody's tokens, those too that were used, and keys of its own: it gets nothing for them, and ends nothing. */
export async function keylessThief(world: World, random: Prng): Promise<void> {
  const { oracle } = world;
  const thief = new Holder(world, random, "thief");
  for (;;) {
    await thief.think(6000);
    const node = world.anyNode(random);
    const stolen = thief.recent<Token>(random.chance(0.6) ? oracle.refreshTokens : oracle.accessTokens);
    if (node === undefined || stolen === undefined) continue;
    const { tenant, client, text } = stolen;
    const held = loot(thief, client);
    // The secrets of clients that have one are not stolen.
    const isPublic = client === "mobile";
    if (stolen.kind === "refresh") {
      const caller = { tenant, client, held, isPublic };
      const flaw = isPublic ? undefined : "invalid_client";
      await world.call(node, "refresh", { ...caller, isPublic: true }, { refreshToken: text }, flaw);
    } else if (node.variant.disabled !== "app") {
      await world.call(node, "mint", { tenant, client: "app", held }, requestFor(text, random));
    }
  }
}

/** What a thief shows instead of the client's key: nothing, keys of its own, or a proof of the client's that it signed itself. */
function loot(thief: Holder, client: string): Held {
  const { random } = thief;
  const what = random.pick(["nothing", "certificate", "key", "forged proof"] as const);
  if (what === "key") return thief.shows("own");
  if (what === "certificate") return { certificate: "thief" };
  if (what === "nothing") return {};
  const { proof } = thief.shows("own", 0, proofKey(`bound ${client} ${random.int(1, 2)}`).forge);
  return { proof, isDoubtful: true };
}

/** A proof that several show, and what came of it. */
interface Shared {
  readonly tenant: string;
  readonly client: string;
  readonly held: Held;
  /** In true time. */
  readonly acceptedUntil: Instant;
  presented: number;
  accepted: number;
}

/** Whoever has seen a proof shows it again, to several nodes at once, and when it is about to end. */
export async function proofReplays(world: World, random: Prng): Promise<void> {
  const holder = new Holder(world, random, "replayed");
  for (;;) {
    await holder.think(60_000);
    const { acceptedUntil, ...held } = holder.shows("key", random.int(0, 15));
    const client = random.pick(["mobile", "backend"] as const);
    const shared: Shared = {
      ...{ tenant: random.pick(TENANTS), client, acceptedUntil, presented: 0, accepted: 0 },
      held: { ...held, isDoubtful: true },
    };
    world.scheduler.spawn(replay(holder, shared));
  }
}

async function replay(holder: Holder, shared: Shared): Promise<void> {
  const { world, random } = holder;
  const atOnce = (most: number) =>
    Promise.all(Array.from({ length: random.int(1, most) }, () => present(world, random, shared)));
  await atOnce(4);
  await world.scheduler.wait(random.delay(Math.max(shared.acceptedUntil - world.scheduler.now, 1)));
  await atOnce(2);
  const margin = random.pick([10, 100, 5000]);
  await world.scheduler.wait(Math.max(shared.acceptedUntil - margin - world.scheduler.now, 0));
  for (let round = 0; round < 3; round++) {
    await atOnce(3);
    await world.scheduler.wait(random.delay(2 * margin));
  }
}

async function present(world: World, random: Prng, shared: Shared): Promise<void> {
  const node = world.anyNode(random);
  if (node === undefined) return;
  shared.presented += 1;
  const isFirst = shared.presented === 1;
  const { tenant, client, held } = shared;
  const request = { grantType: "arbitrary_no_subject", scopes: ["read"], arbitraryClaims: { sub: "alice" } };
  const caller = { tenant, client, held, isPublic: client === "mobile" };
  const call = await world.call(node, "mint", caller, request);
  check(shared, call as unknown as Call, isFirst && shared.presented === 1);
}

/** Throws a {@link Violation} if it was accepted again, or too late, or was refused although nobody else had it. */
function check(shared: Shared, call: Call, isAlone: boolean): void {
  const { outcome, node, start, end, off } = call;
  if (outcome?.kind === "done") {
    shared.accepted += 1;
    if (shared.accepted > 1) throw new Violation(11, "a proof was accepted twice");
    if (start - off >= shared.acceptedUntil) throw new Violation(11, "a proof was accepted after its end");
  }
  const isGood = isAlone && end + off < shared.acceptedUntil && node.lastFailure < start;
  if (isGood && isRefused(call, "invalid_dpop_proof")) throw new Violation(11, "a proof was refused at its first use");
}
