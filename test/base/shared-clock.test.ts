import { beforeEach, describe, expect, it } from "vitest";
import { ClockOffError } from "../../src/base/clock.ts";
import { ClockKeeper, type Curve, LOOK_EVERY, SharedClock, type SharedMachine } from "../../src/base/shared-clock.ts";

const START = 1_000_000;

/** A machine whose time passes when it is told to, and whose timers run then. */
class Machine implements SharedMachine {
  #passed = 0;
  #set = 0;
  readonly #timers = new Set<{ readonly at: number; readonly work: () => void }>();

  wall = () => START + Math.floor(this.#passed) + this.#set;
  monotonic = () => this.#passed;
  sleep = async (milliseconds: number) => this.pass(milliseconds);

  after = (milliseconds: number, work: () => void) => {
    const timer = { at: this.#passed + milliseconds, work };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  set(milliseconds: number): void {
    this.#set += milliseconds;
  }

  pass(milliseconds: number): void {
    const end = this.#passed + milliseconds;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#passed = next.at;
      next.work();
    }
    this.#passed = end;
  }
}

/** Workers of one machine, with messages that arrive when a test lets them. */
let machine: Machine;
let keeper: ClockKeeper;
let clocks: SharedClock[];
let underWay: (() => void)[];

function startWorker(): SharedClock {
  const clock = new SharedClock({
    machine,
    start: keeper.commonTime(),
    report: (setBack) => underWay.push(() => keeper.hear(setBack)),
  });
  clocks.push(clock);
  return clock;
}

function deliver(): void {
  for (let message = underWay.shift(); message !== undefined; message = underWay.shift()) message();
}

beforeEach(() => {
  machine = new Machine();
  underWay = [];
  clocks = [];
  keeper = new ClockKeeper(machine, (curve: Curve) => {
    for (const clock of clocks) underWay.push(() => clock.follow(curve));
  });
});

describe("the clocks of workers", () => {
  let [one, other]: SharedClock[] = [];
  beforeEach(() => {
    [one, other] = [startWorker(), startWorker()];
  });
  const both = () => [one?.now(), other?.now()];

  it("read the machine's, forward steps too", () => {
    expect(both()).toEqual([START, START]);
    machine.pass(10);
    machine.set(60_000);
    expect(both()).toEqual([START + 60_010, START + 60_010]);
  });

  it("read nothing once the machine's is set back, until they agree", () => {
    machine.pass(1_000);
    machine.set(-5_000);
    expect(() => one?.now()).toThrow(ClockOffError);
    expect(() => other?.now()).toThrow(ClockOffError);
    deliver();
    expect(both()).toEqual([START + 1_001, START + 1_001]);
  });

  it("agree all the time, run at half speed, and are overtaken by the machine's", () => {
    machine.set(-1_000);
    expect(both).toThrow(ClockOffError);
    deliver();
    const read = Array.from({ length: 6 }, () => {
      machine.pass(500);
      return both();
    });
    const expected = [251, 501, 751, 1_001, 1_500, 2_000].map((passed) => START + passed);
    expect(read).toEqual(expected.map((instant) => [instant, instant]));
  });

  it("is not left behind by one that has read nothing for long", () => {
    one?.now();
    machine.pass(60_000);
    // Less than has passed: what it has read itself would not tell.
    machine.set(-1_000);
    expect(() => one?.now()).toThrow(ClockOffError);
  });

  it("do not wait for each other: what one has heard is enough for it", () => {
    machine.pass(1_000);
    machine.set(-5_000);
    expect(() => one?.now()).toThrow(ClockOffError);
    underWay.shift()?.();
    underWay.shift()?.();
    expect(one?.now()).toBe(START + 1_001);
    machine.pass(40);
    // It sees the step only now, and must not have the clock step forward under the one that reads already.
    expect(() => other?.now()).toThrow(ClockOffError);
    deliver();
    expect(both()).toEqual([START + 1_021, START + 1_021]);
  });

  it("agree anew each time that the machine's is set back", () => {
    for (let time = 0; time < 3; time++) {
      machine.set(-5_000);
      expect(both).toThrow(ClockOffError);
      deliver();
      machine.pass(2_000);
      const [first = 0, second] = both();
      expect(first).toBe(second);
    }
    machine.set(20_000);
    expect(both()).toEqual([START + 11_000, START + 11_000]);
    machine.set(-20_000);
    expect(both).toThrow(ClockOffError);
    deliver();
    expect(both()).toEqual([START + 11_001, START + 11_001]);
  });

  it("hear of it from the keeper, which looks by itself", () => {
    const stop = keeper.watch();
    machine.set(-5_000);
    machine.pass(LOOK_EVERY);
    deliver();
    expect(both()).toEqual([START + LOOK_EVERY + 1, START + LOOK_EVERY + 1]);
    stop();
    machine.set(-5_000);
    machine.pass(LOOK_EVERY);
    expect(underWay).toEqual([]);
  });

  it("notice a step forward that is undone before anybody reads them", () => {
    const stop = one?.watch();
    machine.set(60_000);
    machine.pass(LOOK_EVERY);
    machine.set(-60_000);
    expect(() => one?.now()).toThrow(ClockOffError);
    stop?.();
  });

  it("give nothing to one that has read further than the others know, until they have come as far", () => {
    machine.set(5_000);
    const ahead = other?.now() ?? 0;
    // The keeper has not looked meanwhile, and hears of it from one that has not either.
    machine.set(-5_000);
    machine.set(-100);
    expect(() => one?.now()).toThrow(ClockOffError);
    deliver();
    expect(one?.now()).toBe(START + 1);
    expect(() => other?.now()).toThrow(ClockOffError);
    deliver();
    machine.pass(20_000);
    expect(other?.now()).toBeGreaterThanOrEqual(ahead);
    expect(one?.now()).toBe(other?.now());
  });

  it("are one to a worker that starts after the machine's was set back", () => {
    machine.set(-5_000);
    expect(both).toThrow(ClockOffError);
    deliver();
    machine.pass(1_000);
    const third = startWorker();
    expect(third.now()).toBe(one?.now());
  });

  it("are one to a worker that starts while the machine's is set back", () => {
    machine.pass(10);
    const start = keeper.commonTime();
    machine.set(-5_000);
    const third = new SharedClock({ machine, start, report: (setBack) => keeper.hear(setBack) });
    clocks.push(third);
    expect(() => third.now()).toThrow(ClockOffError);
    deliver();
    expect(third.now()).toBe(one?.now());
  });

  it("let a revocation end what any of them has minted before it, and nothing after it", async () => {
    machine.pass(1_000);
    const minted = one?.now() ?? 0;
    machine.set(-5_000);
    expect(() => other?.now()).toThrow(ClockOffError);
    deliver();
    const revoked = other?.now() ?? 0;
    expect(revoked).toBeGreaterThanOrEqual(minted);
    await other?.past(revoked);
    expect(one?.now()).toBeGreaterThan(revoked);
    expect(startWorker().now()).toBeGreaterThan(revoked);
  });
});

it("a look that was interrupted does not count", () => {
  let [reads, interruptions] = [0, 2];
  const interrupted: SharedMachine = {
    ...machine,
    monotonic: () => {
      reads += 1;
      if (reads % 2 === 0 && interruptions > 0) {
        interruptions -= 1;
        machine.pass(10_000);
      }
      return machine.monotonic();
    },
  };
  const start = new ClockKeeper(interrupted, () => undefined).commonTime();
  expect(start.sight.most - start.sight.least).toBe(1);
});
