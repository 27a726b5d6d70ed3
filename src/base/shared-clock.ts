import { type Clock, ClockOffError, type Instant, type Machine } from "./clock.ts";

/** How often a process looks at the machine's clock if nobody reads it, in milliseconds. */
export const LOOK_EVERY = 100;

/** How far apart the readings of one look may be, in milliseconds: otherwise the process was interrupted between them. */
const MOST_APART = 1;

/** By how much the machine's clock can be set back without being noticed, in milliseconds: it counts in whole ones. */
const UNNOTICED = 2 + 2 * MOST_APART;

/** What the processes of one machine share. */
export interface SharedMachine extends Pick<Machine, "wall" | "sleep" | "after"> {
  /** A monotonic reading in milliseconds, the same in all processes. */
  monotonic(): number;
}

/** How the machine's time of day was seen at a monotonic reading: by how much it was ahead of that, at least and at most. */
interface Sight {
  readonly seenAt: number;
  readonly least: number;
  readonly most: number;
}

/**
 * What the common clock shows while the machine's, which was set back, is behind it: `at` at the monotonic reading `from`,
 * and half as much time as passes after that.
 */
export interface Curve {
  readonly from: number;
  readonly at: Instant;
}

/** What a process of the group starts with. */
export interface CommonTime {
  readonly sight: Sight;
  /** Undefined: the machine's clock has never been set back. */
  readonly curve: Curve | undefined;
}

/** What a process tells that sees the machine's clock set back: how it saw it before, and its own latest reading. */
export interface SetBack {
  readonly before: Sight;
  readonly latest: Instant;
}

/** What {@link SharedClock} needs. */
interface SharedClockParts {
  readonly machine: SharedMachine;
  readonly start: CommonTime;
  /** Tells the {@link ClockKeeper}, which answers with a curve. */
  readonly report: (setBack: SetBack) => void;
}

/**
 * The clock of one of several processes that must agree on what time it is. As long as the machine's clock is not set back,
 * all of them read that. A process that sees it set back, which it does before it reads it again, reads nothing until the
 * {@link ClockKeeper} has told it the curve; from then on it reads the curve until the machine's clock has caught up. So
 * every reading is the same function of the machine's two clocks in all processes.
 */
export class SharedClock implements Clock {
  readonly #parts: SharedClockParts;
  #sight: Sight;
  #curve: Curve | undefined;
  #latest: Instant = 0;
  /** When the machine's clock was last seen as it was before it was set back; undefined once there is a curve for that. */
  #waitsSince: number | undefined;

  constructor(parts: SharedClockParts) {
    this.#parts = parts;
    this.#sight = parts.start.sight;
    this.#curve = parts.start.curve;
  }

  /** Looks regularly, until the returned function is called. */
  watch(): () => void {
    return lookRegularly(this.#parts.machine, () => void this.#look());
  }

  now(): Instant {
    const wall = this.#look();
    if (this.#waitsSince !== undefined)
      throw new ClockOffError("The machine's clock was set back, and the workers have not agreed on the time yet.");
    const now = Math.floor(Math.max(wall, shownBy(this.#curve, this.#sight.seenAt)));
    if (now < this.#latest - UNNOTICED) throw new ClockOffError("This worker's clock is ahead of the others'.");
    this.#latest = Math.max(this.#latest, now);
    return this.#latest;
  }

  async past(instant: Instant): Promise<void> {
    for (let now = this.now(); now <= instant; now = this.now()) await this.#parts.machine.sleep(instant - now + 1);
  }

  /** Takes what the keeper tells. */
  follow(curve: Curve): void {
    if (this.#curve === undefined || this.#curve.from < curve.from) this.#curve = curve;
    if (this.#waitsSince !== undefined && curve.from >= this.#waitsSince) this.#waitsSince = undefined;
  }

  /** Looks at the machine's clock, and returns its time of day. */
  #look(): Instant {
    const before = this.#sight;
    const { wall, sight } = look(this.#parts.machine);
    this.#sight = sight;
    if (wasSetBack(before, sight) && !isFor(this.#curve, before)) {
      this.#waitsSince = before.seenAt;
      this.#parts.report({ before, latest: this.#latest });
    }
    return wall;
  }
}

/** Decides for a group of processes what time it is once the machine's clock is set back. One process of the machine has it. */
export class ClockKeeper {
  readonly #machine: SharedMachine;
  readonly #tell: (curve: Curve) => void;
  #sight: Sight;
  #curve: Curve | undefined;

  /** `tell`: tells a curve to all processes. */
  constructor(machine: SharedMachine, tell: (curve: Curve) => void) {
    this.#machine = machine;
    this.#tell = tell;
    this.#sight = look(machine).sight;
  }

  /** Looks regularly, until the returned function is called. */
  watch(): () => void {
    return lookRegularly(this.#machine, () => this.#look());
  }

  /** What a process that starts now has to know. */
  commonTime(): CommonTime {
    this.#look();
    return { sight: this.#sight, curve: this.#curve };
  }

  /** A process has seen the machine's clock set back. Tells all of them the curve for that. */
  hear({ before, latest }: SetBack): void {
    this.#look();
    const curve = isFor(this.#curve, before) && this.#curve ? this.#curve : this.#begin(before, latest);
    this.#tell(curve);
  }

  #look(): void {
    const before = this.#sight;
    this.#sight = look(this.#machine).sight;
    if (wasSetBack(before, this.#sight)) this.#tell(this.#begin(before, 0));
  }

  /** A curve that begins where the machine's clock would be by now, or where a process has read it already. */
  #begin({ most }: Sight, latest: Instant): Curve {
    const from = this.#machine.monotonic();
    this.#curve = { from, at: Math.max(from + most, latest, shownBy(this.#curve, from)) };
    return this.#curve;
  }
}

/** What a curve shows at a monotonic reading. */
function shownBy(curve: Curve | undefined, monotonic: number): Instant {
  return curve === undefined ? 0 : curve.at + (monotonic - curve.from) / 2;
}

/** Whether a curve was made after the machine's clock was seen like that: for its having been set back since then. */
function isFor(curve: Curve | undefined, { seenAt }: Sight): boolean {
  return curve !== undefined && curve.from >= seenAt;
}

function wasSetBack(before: Sight, now: Sight): boolean {
  return now.most < before.least;
}

function look(machine: SharedMachine): { readonly wall: Instant; readonly sight: Sight } {
  for (;;) {
    const begun = machine.monotonic();
    const wall = machine.wall();
    const seenAt = machine.monotonic();
    if (seenAt - begun <= MOST_APART) return { wall, sight: { seenAt, least: wall - seenAt, most: wall + 1 - begun } };
  }
}

function lookRegularly({ after }: SharedMachine, work: () => void): () => void {
  let cancel: () => void;
  const wait = () => {
    cancel = after(LOOK_EVERY, () => {
      work();
      wait();
    });
  };
  wait();
  return () => cancel();
}
