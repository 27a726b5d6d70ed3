import type { Incarnation } from "./node.ts";
import type { Prng } from "./prng.ts";
import { LIMITED_CLIENT, TENANTS } from "./tenants.ts";
import type { World } from "./world.ts";

/** The last two are one network. */
const ADDRESSES = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"] as const;

/** Makes as many requests as it likes, and mostly more than it may. */
export async function spender(world: World, random: Prng): Promise<void> {
  for (;;) {
    await inBurst(world, random, async (node, tenant) => {
      const caller = { tenant, client: LIMITED_CLIENT, address: random.pick(ADDRESSES) };
      if (random.chance(0.3)) await world.call(node, "introspect", caller, { token: "unknown" });
      else await world.call(node, "mint", caller, { grantType: "arbitrary_no_subject", arbitraryClaims: {} });
    });
  }
}

/** Guesses secrets, of a client that there is and of one that there is not. */
export async function guesser(world: World, random: Prng): Promise<void> {
  const address = random.pick(ADDRESSES);
  for (;;) {
    await inBurst(world, random, async (node, tenant) => {
      const client = random.chance(0.6) ? LIMITED_CLIENT : "nobody";
      const from = random.chance(0.8) ? address : random.pick(ADDRESSES);
      const caller = { tenant, client, address: from, secret: "guess" };
      await world.call(node, "introspect", caller, { token: "unknown" }, "invalid_client");
    });
  }
}

/** Calls a node several times at almost the same time. */
async function inBurst(
  world: World,
  random: Prng,
  call: (node: Incarnation, tenant: string) => Promise<void>,
): Promise<void> {
  const { scheduler } = world;
  await scheduler.wait(random.delay(6000));
  const [node, tenant] = [world.anyNode(random), random.pick(TENANTS)];
  if (node === undefined) return;
  const calls = Array.from({ length: random.int(1, 6) }, async () => {
    await scheduler.wait(random.delay(500));
    if (node.ready) await call(node, tenant);
  });
  await Promise.all(calls);
}
