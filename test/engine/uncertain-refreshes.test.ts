import { expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { UncertainRefreshes } from "../../src/engine/uncertain-refreshes.ts";
import { fakeMachine } from "../support/clock.ts";
import { createMemoryStore } from "../support/memory-store.ts";

it("remembers an update that may still arrive for as long as that takes, whatever the clock is set to", async () => {
  const machine = fakeMachine();
  const clock = systemClock(machine);
  const uncertainRefreshes = new UncertainRefreshes(clock, machine);
  const { families } = createMemoryStore().forTenant("default");
  const at = clock.now();
  uncertainRefreshes.record(families, { family: "family", generation: 1, attemptId: "attemptId", at, purgeAt: at + 1 });

  machine.set(3_600_000);
  await uncertainRefreshes.reconcileAll();
  expect(uncertainRefreshes.isUncertain("family", "attemptId")).toBe(true);
  machine.pass(30_001);
  await uncertainRefreshes.reconcileAll();
  expect(uncertainRefreshes.isUncertain("family", "attemptId")).toBe(false);
});
