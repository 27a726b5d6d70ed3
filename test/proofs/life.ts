import assert from "node:assert/strict";
import fc from "fast-check";
import { sweep } from "../../src/server/jobs.ts";
import { fakeMachine } from "../support/clock.ts";
import { type NamedStore, withStore } from "../support/stores.ts";
import { stepsArbitrary } from "./commands.ts";
import { Model } from "./model.ts";
import { compare, type Nodes, openNodes, rulesOf } from "./nodes.ts";
import { drainRows } from "./rows.ts";

/**
 * On a store of that kind: whatever clients do with their tokens, two nodes say of each what the model says; and when
 * all of it is over, a sweep leaves nothing.
 */
export function lifeProperty(kind: NamedStore, maxCommands: number) {
  return fc.asyncProperty(
    fc.record({
      usage: fc.constantFrom("rotate", "rotate", "reuse"),
      grace: fc.constantFrom(0, 10_000, 10_000),
      // Shorter than an access token lives, and longer.
      sliding: fc.constantFrom(30_000, 300_000),
    }),
    stepsArbitrary(maxCommands),
    (members, steps) =>
      withStore(kind, async (store) => {
        const rules = rulesOf(members);
        const model = new Model(rules);
        const nodes = await openNodes(store, rules);
        await fc.asyncModelRun(() => ({ model, real: nodes }), steps);
        await seeOut(model, nodes);
        assert.equal(await drainRows(store), 0, "rows outlive all that they could matter to");
      }),
  );
}

/** Looks at everything just before and at each moment at which something ends by itself, until nothing is left. */
async function seeOut(model: Model, nodes: Nodes): Promise<void> {
  const { clock, store } = nodes;
  for (;;) {
    await sweep({ store, clock, machine: fakeMachine() });
    await compare(model, nodes);
    const [next] = model.deadlines(clock.now());
    if (next === undefined) break;
    clock.advance(Math.max(1, next - 1 - clock.now()));
  }
  // A revocation outlives whatever could be alive without it.
  clock.advance(LONGER_THAN_ANYTHING);
  await sweep({ store, clock, machine: fakeMachine() });
  await compare(model, nodes);
}

/** Longer than any grant and its last access token live, in milliseconds. */
const LONGER_THAN_ANYTHING = 1_000_000;
