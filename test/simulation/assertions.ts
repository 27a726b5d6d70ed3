import type { Instant } from "../../src/base/clock.ts";
import type { Call } from "./calls.ts";
import type { Clocks } from "./clocks.ts";
import { signedJwt } from "./cryptography.ts";
import type { Incarnation } from "./node.ts";
import { Violation } from "./oracle.ts";
import type { Prng } from "./prng.ts";
import { ASSERTING_CLIENT, ASSERTION_SECRET, TENANTS } from "./tenants.ts";
import type { World } from "./world.ts";

/** For how long after its `exp` an assertion is accepted, in milliseconds, as clients' clocks differ. */
const LEEWAY = 60_000;

/** A client's assertion, and what came of it. */
interface Assertion {
  readonly tenant: string;
  readonly text: string;
  /** The same, signed by somebody else. */
  readonly forged: string;
  /** In true time. */
  readonly acceptedUntil: Instant;
  /** How often it was presented. */
  presented: number;
  /** How often that proved who the client is. */
  accepted: number;
}

/** A client that proves who it is by its own key, and whoever presents its assertions again. */
export async function asserting(world: World, random: Prng): Promise<void> {
  const { scheduler } = world;
  for (let serial = 0; ; serial++) {
    await scheduler.wait(random.delay(15_000));
    const assertion = assertionOf(world, random, `jti ${serial}`);
    if (random.chance(0.2)) await forge(world, random, assertion);
    if (random.chance(0.3)) await present(world, random, assertion);
    scheduler.spawn(replays(world, random.fork(`replays ${serial}`), assertion));
  }
}

function assertionOf({ scheduler, clocks }: World, random: Prng, jti: string): Assertion {
  const tenant = random.pick(TENANTS);
  // By a clock of the client's own. What it is sure to be good for is said in whole seconds.
  const exp = Math.floor(scheduler.now / 1000) + random.int(-30, 200) + Math.ceil(clocks.off / 1000);
  const claims = { iss: ASSERTING_CLIENT, sub: ASSERTING_CLIENT, aud: `https://${tenant}.example`, jti, exp };
  const [text, forged] = [signedJwt(ASSERTION_SECRET, claims), signedJwt("another key", claims)];
  return { tenant, text, forged, acceptedUntil: exp * 1000 + LEEWAY, presented: 0, accepted: 0 };
}

/** Presents it to several nodes at the same moment, a while later, and when it is about to end everywhere. */
async function replays(world: World, random: Prng, assertion: Assertion): Promise<void> {
  const { scheduler } = world;
  const { acceptedUntil } = assertion;
  const atOnce = async (most: number) => {
    const nodes = Array.from({ length: random.int(1, most) }, () => present(world, random, assertion));
    await Promise.all(nodes);
  };
  await atOnce(4);
  for (let round = random.int(1, 4); round > 0; round--) {
    await scheduler.wait(random.delay(Math.max(acceptedUntil - scheduler.now, 1)));
    await atOnce(2);
  }
  const margin = random.pick([10, 100, 5000]);
  await scheduler.wait(Math.max(acceptedUntil - margin - scheduler.now, 0));
  for (let round = 0; round < 3; round++) {
    await atOnce(3);
    await scheduler.wait(random.delay(2 * margin));
  }
}

/** Somebody without the key presents it before the client does: nothing comes of that. */
async function forge(world: World, random: Prng, { tenant, forged }: Assertion): Promise<void> {
  const node = world.anyNode(random);
  const caller = { tenant, client: ASSERTING_CLIENT, assertion: forged };
  if (node !== undefined) await world.call(node, "introspect", caller, { token: "unknown" }, "invalid_client");
}

async function present(world: World, random: Prng, assertion: Assertion): Promise<void> {
  const node = world.anyNode(random);
  if (node === undefined) return;
  assertion.presented += 1;
  const isFirst = assertion.presented === 1;
  const caller = { tenant: assertion.tenant, client: ASSERTING_CLIENT, assertion: assertion.text };
  const call = await world.call(node, "introspect", caller, { token: "unknown" });
  check(assertion, call as unknown as Call, isFirst && assertion.presented === 1, world.clocks);
}

/** Throws a {@link Violation} if it was accepted again, or too late, or was refused although nobody else had it. */
function check(assertion: Assertion, { outcome, node, start, end }: Call, isAlone: boolean, { off }: Clocks): void {
  const { acceptedUntil } = assertion;
  if (outcome?.kind === "done") {
    assertion.accepted += 1;
    if (assertion.accepted > 1) throw new Violation(10, "an assertion was accepted twice");
    if (end - off >= acceptedUntil) throw new Violation(10, "an assertion was accepted after its end");
  }
  const isGood = isAlone && end + off < acceptedUntil;
  if (isGood && outcome?.kind === "refused" && outcome.code === "invalid_client" && !isTroubled(node, start))
    throw new Violation(10, "an assertion was refused at its first use");
}

function isTroubled({ lastFailure }: Incarnation, since: Instant): boolean {
  return lastFailure >= since;
}
