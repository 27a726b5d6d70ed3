import type { ToPrimary, ToWorker } from "../../../src/server/workers/messages.ts";
import type { StartProcess } from "../../../src/server/workers/worker-slot.ts";

/** A machine whose time passes when it is told to, and whose timers run then. */
export function timerMachine() {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly work: () => void }>();
  return {
    elapsed: () => now,
    after(milliseconds: number, work: () => void) {
      const timer = { at: now + milliseconds, work };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    pass(milliseconds: number) {
      const end = now + milliseconds;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        now = next.at;
        next.work();
      }
      now = end;
    },
  };
}

/** A process that does nothing but what a test tells it to. */
export interface FakeProcess {
  readonly number: number;
  /** What it was told. */
  readonly told: ToWorker[];
  say(message: ToPrimary): void;
  /** Becomes ready as a worker does. */
  serve(): void;
  end(how: string): void;
}

export const PORTS = { httpPort: 1, rpcPort: 2, operatorPort: undefined };

/** Starts processes of that kind, and keeps them in their order. */
export function fakeProcesses(): { readonly startProcess: StartProcess; readonly processes: FakeProcess[] } {
  const processes: FakeProcess[] = [];
  const startProcess: StartProcess = (number, { heard, ended }) => {
    const told: ToWorker[] = [];
    processes.push({
      number,
      told,
      say: heard,
      serve() {
        heard({ kind: "begun" });
        heard({ kind: "ready", ports: PORTS });
      },
      end: ended,
    });
    return { send: (message) => void told.push(message) };
  };
  return { startProcess, processes };
}
