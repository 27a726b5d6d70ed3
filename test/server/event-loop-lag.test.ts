import { describe, expect, it } from "vitest";
import { EventLoopLag } from "../../src/server/event-loop-lag.ts";

/** A lag whose measurements are late by so many milliseconds, one after the other. `stop`: before so many of them. */
function measured(delays: readonly number[], stopBefore = delays.length): EventLoopLag {
  let now = 0;
  let due: { readonly at: number; readonly work: () => void } | undefined;
  const lag = new EventLoopLag({
    elapsed: () => now,
    after(milliseconds, work) {
      due = { at: now + milliseconds, work };
      return () => {
        due = undefined;
      };
    },
  });
  const stop = lag.start();
  for (const [index, delay] of delays.entries()) {
    if (index === stopBefore) stop();
    now = (due?.at ?? now) + delay;
    due?.work();
  }
  return lag;
}

describe("the lag of the event loop", () => {
  it("is the least of the last five delays", () => {
    expect(measured([900, 300, 700, 500, 400]).read()).toBe(300);
    expect(measured([0, 0, 0, 900, 800, 700, 600, 500]).read()).toBe(500);
  });

  it.each([
    ["before there are five", [900, 900, 900, 900]],
    ["after a single long pause", [0, 0, 30_000, 0, 0]],
    ["if the timer is early", [-5, -5, -5, -5, -5]],
  ])("is none %s", (_, delays) => expect(measured(delays).read()).toBe(0));

  it("is measured until it is stopped", () => {
    expect(measured([100, 100, 100, 100, 100, 900, 900, 900, 900, 900], 5).read()).toBe(100);
  });
});
