import { thisMachine } from "../../base/clock.ts";
import { type CommonTime, type Curve, type SetBack, SharedClock, type SharedMachine } from "../../base/shared-clock.ts";
import type { Config } from "../../config/config.ts";
import type { Primary } from "./processes.ts";

/** The machine that this process shares with others. */
export const sharedMachine: SharedMachine = {
  ...thisMachine,
  monotonic() {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1_000 + nanoseconds / 1e6;
  },
};

/**
 * Whether workers need one clock: the store's `maxClockSkew` is 0 if all of its processes run on one machine. A store that
 * has a clock of its own compares each node's with that.
 */
export function shareClock({ store }: Pick<Config, "store">): boolean {
  return store.startsWith("sqlite:");
}

/** Makes the clock of a worker, which hears from now on what the primary tells of the time. */
export function followClock(primary: Primary): (start: CommonTime) => SharedClock {
  const told: Curve[] = [];
  let follow = (curve: Curve): void => void told.push(curve);
  primary.onMessage((message) => {
    if (message.kind === "curve") follow(message.curve);
  });
  return (start) => {
    const report = (setBack: SetBack) => void primary.send({ kind: "clock_set_back", setBack });
    const clock = new SharedClock({ machine: sharedMachine, start, report });
    follow = (curve) => clock.follow(curve);
    for (const curve of told) follow(curve);
    clock.watch();
    return clock;
  };
}
