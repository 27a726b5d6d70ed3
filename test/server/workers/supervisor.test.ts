import { beforeEach, describe, expect, it } from "vitest";
import { Supervisor } from "../../../src/server/workers/supervisor.ts";
import type { WorkerSlot } from "../../../src/server/workers/worker-slot.ts";
import { type RecordingLogger, recordingLogger } from "../../support/logger.ts";
import { type FakeProcess, fakeProcesses, PORTS, timerMachine } from "./fake-workers.ts";

let machine: ReturnType<typeof timerMachine>;
let logger: RecordingLogger;
let processes: FakeProcess[];
let supervisor: Supervisor;
let ended: WorkerSlot[];
let ready: WorkerSlot[];
let starting: Promise<unknown>;
let outcome: unknown;

beforeEach(() => {
  machine = timerMachine();
  logger = recordingLogger();
  const fake = fakeProcesses();
  processes = fake.processes;
  [ended, ready] = [[], []];
  supervisor = new Supervisor({
    count: 2,
    startProcess: fake.startProcess,
    machine,
    introduction: (number) => ({ number, files: {}, reloaded: undefined, time: undefined }),
    ready: (worker) => ready.push(worker),
    clockSetBack: () => undefined,
    ended: (worker) => ended.push(worker),
    logger,
  });
  outcome = undefined;
  starting = supervisor.start();
  starting.then(
    (ports) => {
      outcome = ports;
    },
    (error: unknown) => {
      outcome = error;
    },
  );
});

const settled = () => new Promise(setImmediate);
const process = (index: number) => processes[index] as FakeProcess;
const numbers = () => processes.map(({ number }) => number);
const kindsTold = (index: number) => process(index).told.map(({ kind }) => kind);

describe("a start", () => {
  it("is done once all workers serve", async () => {
    process(0).serve();
    await settled();
    expect([outcome, supervisor.hasStarted]).toEqual([undefined, false]);
    process(1).serve();
    await settled();
    expect([outcome, supervisor.hasStarted]).toEqual([PORTS, true]);
  });

  it("tells each worker what it has to know", () => {
    process(1).say({ kind: "begun" });
    expect(process(1).told).toEqual([
      { kind: "introduction", introduction: { number: 2, files: {}, reloaded: undefined, time: undefined } },
    ]);
  });

  it("fails with what the first worker said if none can start", async () => {
    const failure = { name: "ConfigError", message: "no such key", stack: "a stack" };
    process(1).say({ kind: "failed", failure });
    process(1).end("code 0");
    await settled();
    expect(outcome).toBeUndefined();
    process(0).say({ kind: "failed", failure: { ...failure, message: "another" } });
    process(0).end("code 0");
    await expect(starting).rejects.toMatchObject(failure);
  });

  it("fails if the process of every worker ends without a word", async () => {
    process(0).end("SIGSEGV");
    process(1).end("SIGSEGV");
    await expect(starting).rejects.toThrow("SIGSEGV");
  });

  it("goes on as long as one worker serves, and with the next attempt of the other", async () => {
    process(0).serve();
    process(1).end("SIGKILL");
    expect(logger.lines).toMatchObject([{ level: "error", fields: { worker: 2, restartIn: 100 } }]);
    machine.pass(100);
    process(2).serve();
    expect(await starting).toEqual(PORTS);
  });
});

describe("a worker that ends", () => {
  beforeEach(() => {
    process(0).serve();
    process(1).serve();
  });

  it("is started again, each time later, up to half a minute", () => {
    const waited: number[] = [];
    for (let attempt = 2; attempt < 14; attempt++) {
      const before = machine.elapsed();
      process(attempt === 2 ? 0 : attempt - 1).end("code 1");
      while (processes.length <= attempt) machine.pass(100);
      waited.push(machine.elapsed() - before);
    }
    expect(waited).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000]);
    expect(new Set(numbers().slice(2))).toEqual(new Set([1]));
  });

  it("is started again soon if it has served for long", () => {
    process(0).end("code 1");
    machine.pass(100);
    process(2).serve();
    machine.pass(60_000);
    process(2).end("code 1");
    machine.pass(99);
    expect(processes).toHaveLength(3);
    machine.pass(1);
    expect(processes).toHaveLength(4);
  });

  it("is told of, and again once it serves", () => {
    process(0).end("SIGKILL");
    expect(ended.map(({ number }) => number)).toEqual([1]);
    machine.pass(100);
    process(2).serve();
    expect(ready.map(({ number }) => number)).toEqual([1, 2, 1]);
    expect(logger.lines.map(({ message }) => message)).toEqual([
      "a worker has ended, and is started again",
      "a worker serves again",
    ]);
  });

  it("answers no question any more", async () => {
    const [worker] = supervisor.workers;
    const answer = worker?.ask("health", undefined, 1_000);
    process(0).end("SIGKILL");
    expect(await answer).toBeUndefined();
  });

  it("leaves what only one does to another", () => {
    expect([kindsTold(0), kindsTold(1)]).toEqual([["introduction", "keep"], ["introduction"]]);
    process(0).end("SIGKILL");
    expect(kindsTold(1)).toEqual(["introduction", "keep"]);
    machine.pass(100);
    process(2).serve();
    expect(kindsTold(2)).toEqual(["introduction"]);
  });

  it("leaves it to the next that serves, if no other does", () => {
    process(1).end("SIGKILL");
    process(0).end("SIGKILL");
    machine.pass(200);
    process(3).serve();
    expect(kindsTold(3)).toEqual(["introduction", "keep"]);
  });
});

describe("a question", () => {
  beforeEach(() => {
    process(0).serve();
    process(1).serve();
  });

  it("gets its own answer", async () => {
    const [worker] = supervisor.workers;
    const asked = [worker?.ask("health", undefined, 1_000), worker?.ask("reopenAudit", undefined, 1_000)];
    const questions = process(0).told.filter((message) => message.kind === "question");
    expect(questions.map(({ about }) => about)).toEqual(["health", "reopenAudit"]);
    for (const { id, about } of questions.toReversed()) process(0).say({ kind: "answer", id, answer: about });
    expect(await Promise.all(asked)).toEqual(["health", "reopenAudit"]);
  });

  it("gets none that comes too late", async () => {
    const answer = supervisor.workers[0]?.ask("health", undefined, 1_000);
    machine.pass(1_000);
    expect(await answer).toBeUndefined();
  });
});

describe("a stop", () => {
  it("is told to all workers, and done once all have ended: none is started again", async () => {
    process(0).serve();
    process(1).serve();
    let isDone = false;
    const stopping = supervisor.stop().then(() => {
      isDone = true;
    });
    expect([kindsTold(0).at(-1), kindsTold(1).at(-1)]).toEqual(["stop", "stop"]);
    process(0).end("code 0");
    await settled();
    expect(isDone).toBe(false);
    process(1).end("code 0");
    await stopping;
    machine.pass(60_000);
    expect(processes).toHaveLength(2);
    expect(logger.lines).toEqual([]);
  });

  it("cancels what would be started again", async () => {
    process(0).serve();
    process(1).end("SIGKILL");
    const stopping = supervisor.stop();
    process(0).end("code 0");
    await stopping;
    machine.pass(60_000);
    expect(processes).toHaveLength(2);
  });
});
