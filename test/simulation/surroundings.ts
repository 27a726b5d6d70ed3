import type { PublicJwk, RotationMode } from "../../src/keyring/port.ts";
import { ONE_CLOCK_OFF } from "./clocks.ts";
import type { Prng } from "./prng.ts";
import { CLIENTS, KEY_TIMES, TENANTS } from "./tenants.ts";
import type { Token } from "./tokens.ts";
import type { World } from "./world.ts";

/** Keeps a node running: starts it, lets it crash, starts it anew. */
export async function keepRunning(world: World, index: number, random: Prng): Promise<void> {
  for (;;) {
    const node = world.newNode(index);
    const started = await Promise.race([
      node.start().then(
        () => true,
        (error: Error) => {
          if (!/^(?:StoreUnavailable|StoreUnusable|ClockOff)Error$/.test(error.name)) throw error;
          return false;
        },
      ),
      node.crashed.then(() => false),
    ]);
    world.log(() => `${node.name} ${started ? "serves" : "could not start"} ${JSON.stringify(node.variant)}`);
    if (started) await node.crashed;
    else node.crash();
    await world.scheduler.wait(random.delay(20_000));
  }
}

/** What befalls nodes: crashes, and lines that are cut. */
export async function weather(world: World, random: Prng): Promise<void> {
  const { faults, scheduler } = world;
  for (;;) {
    await scheduler.wait(random.int(2000, 30_000));
    const node = random.pick(world.nodes);
    // Mostly shorter than a grace, at times longer than any, or than a node goes on with its keys.
    const length = random.pick([2000, 8000, 20_000, 60_000]);
    if (random.chance(0.3)) {
      if (!faults.happens("rough patch")) continue;
      world.log(() => `${node.name} has a rough line for ${length} ms`);
      node.link.roughFor(length);
    } else if (random.chance(0.4)) {
      if (!faults.happens("crash")) continue;
      world.log(() => `${node.name} crashes`);
      node.crash();
    } else if (random.chance(0.7)) {
      if (!faults.happens("unreachable")) continue;
      world.log(() => `${node.name} cannot reach the store for ${length} ms`);
      node.link.cutFor(length);
    } else if (faults.happens("outage")) {
      world.log(() => `no node can reach the store for ${length} ms`);
      for (const each of world.nodes) each.link.cutFor(length);
    }
  }
}

/** Sets clocks wrong, and right again: while nodes run, before they start, and between two runs of one. */
export async function clockSettings(world: World, random: Prng): Promise<void> {
  const { faults, scheduler, clocks } = world;
  for (;;) {
    await scheduler.wait(random.int(10_000, 100_000));
    const index = random.int(0, world.nodes.length - 1);
    const before = clocks.wrong(index);
    const wrong = clocks.kind === "many" ? wrongTime(random) : random.int(-ONE_CLOCK_OFF, ONE_CLOCK_OFF);
    if (!faults.happens("clock set")) continue;
    world.log(() => `the clock of node ${index} is set wrong by ${wrong} ms`);
    // Processes that share a clock may not see it set back, unless they are workers; a machine with one of them may, too.
    const mustStop = clocks.kind === "one" && wrong < before && world.nodes.length > 1;
    if (mustStop || random.chance(0.4))
      for (const node of clocks.kind === "many" ? [world.nodes[index]] : world.nodes) node?.crash();
    clocks.set(index, wrong);
    if (clocks.kind !== "many") continue;
    await scheduler.wait(random.int(1000, 90_000));
    if (random.chance(0.3)) world.nodes[index]?.crash();
    clocks.set(index, 0);
    world.log(() => `the clock of node ${index} is right again`);
  }
}

/** By how much a clock is wrong that somebody set: more than any doubt that a comparison leaves. */
function wrongTime(random: Prng): number {
  return random.pick([-1, 1]) * random.int(20_000, 600_000);
}

/** Rotates keys, in all modes, and tries again until there is an answer. */
export async function rotations(world: World, random: Prng): Promise<void> {
  const { faults, scheduler, records } = world;
  for (let order = 1; ; order++) {
    await scheduler.wait(random.int(20_000, 150_000));
    const mode = random.pick(["graceful", "immediate", "compromised"] as const) satisfies RotationMode;
    if (!faults.happens(`${mode} rotation`)) continue;
    const tenant = random.pick(TENANTS);
    const use = random.chance(0.75) ? "signing" : "refresh";
    const kids = records.signingKids(tenant);
    const named = mode === "compromised" && use === "signing" && random.chance(0.7) && kids.length > 0;
    const kid = named ? random.pick(kids.slice(-2)) : undefined;
    if (mode !== "graceful") records.urgentOrders.add(tenant);
    const request = { mode, use, kid, idempotencyKey: `order ${order}` } as const;
    for (let attempt = 0; attempt < 5; attempt++) {
      const node = world.anyNode(random);
      const call = node && (await world.call(node, "rotate", { tenant, client: "operator" }, request));
      if (call?.outcome?.kind === "done" && random.chance(0.8)) break;
      await scheduler.wait(random.delay(10_000));
    }
  }
}

/** Revokes all that a client minted, and tries again until there is an answer; asks all nodes at once what is left of it. */
export async function leaks(world: World, random: Prng): Promise<void> {
  const { faults, scheduler, oracle } = world;
  for (;;) {
    await scheduler.wait(random.int(15_000, 120_000));
    if (!faults.happens("client revoked")) continue;
    const tenant = random.pick(TENANTS);
    const client = random.pick(CLIENTS);
    for (let attempt = 0; attempt < 5; attempt++) {
      const node = world.anyNode(random);
      const caller = { tenant, client: "operator" };
      const call = node && (await world.call(node, "revokeClient", caller, { client }));
      if (call?.outcome?.kind === "done") break;
      await scheduler.wait(random.delay(5000));
    }
    const isConcerned = (token: Token) => token.tenant === tenant && token.client === client;
    const latest = [
      ...oracle.accessTokens.filter(isConcerned).slice(-4),
      ...oracle.refreshTokens.filter(isConcerned).slice(-2),
    ];
    await Promise.all(
      latest.map((token) => {
        const node = world.anyNode(random);
        if (node === undefined) return undefined;
        const flaw = node.variant.disabled === client ? "invalid_client" : undefined;
        return world.call(node, "introspect", { tenant, client }, { token: token.text }, flaw);
      }),
    );
  }
}

/** Changes the configuration, and starts the nodes anew with it, one after the other. */
export async function changes(world: World, random: Prng): Promise<void> {
  const { faults, scheduler } = world;
  for (;;) {
    await scheduler.wait(random.int(30_000, 200_000));
    const lifetimes = faults.happens("lifetimes changed", 0.6) ? random.pick([0.5, 1, 2]) : world.variant.lifetimes;
    const disabled = faults.happens("client disabled", 0.3) ? random.pick(CLIENTS) : undefined;
    const extraScope = !faults.happens("scope removed", 0.3);
    world.variant = { ...world.variant, lifetimes, disabled, extraScope };
    for (const node of world.nodes) {
      await scheduler.wait(random.delay(15_000));
      if (faults.happens("crash")) node.crash();
    }
  }
}

/** A resource server that verifies offline, with a JWKS that it keeps for as long as it may. */
export async function verifier(world: World, random: Prng): Promise<void> {
  const { scheduler, oracle } = world;
  const tenant = random.pick(TENANTS);
  let keys: readonly PublicJwk[] = [];
  let until = 0;
  for (;;) {
    await scheduler.wait(random.delay(6000));
    if (scheduler.now > until) {
      const node = world.anyNode(random);
      const asked = scheduler.now;
      const outcome = node && (await world.call(node, "jwks", { tenant, client: "verifier" }, {})).outcome;
      if (outcome?.kind !== "done") continue;
      keys = outcome.answer.keys;
      until = asked + KEY_TIMES.jwksMaxAge * 1000;
    }
    const told = [...oracle.accessTokens.slice(-30), ...oracle.idTokens.slice(-10)];
    for (const token of told.filter((each) => each.tenant === tenant)) oracle.verifyOffline(token, keys, scheduler.now);
  }
}
