import { expect, it } from "vitest";
import { WorkersHealth } from "../../../src/server/workers/health.ts";
import { WorkerSlot } from "../../../src/server/workers/worker-slot.ts";
import { type FakeProcess, fakeProcesses, timerMachine } from "./fake-workers.ts";

/** Two workers, whose processes a test plays. */
function workersOf() {
  const machine = timerMachine();
  const { startProcess, processes } = fakeProcesses();
  const nobody = { begun: () => {}, ready: () => {}, clockSetBack: () => {}, ended: () => {} };
  const workers = [1, 2].map((number) => new WorkerSlot(number, { startProcess, machine, listener: nobody }));
  for (const worker of workers) worker.start();
  return { machine, processes, workers };
}

/** Answers the last question that a process was asked. */
function answer(process: FakeProcess | undefined, results: unknown): void {
  const question = process?.told.findLast((message) => message.kind === "question");
  if (question !== undefined) process?.say({ kind: "answer", id: question.id, answer: results });
}

const OK = { name: "store", problem: undefined };

it("is not ready before all workers were ready at once, nor once it stops", async () => {
  const { workers } = workersOf();
  const parts = { workers, hasStarted: false };
  const health = new WorkersHealth(parts);
  expect(await health.results()).toEqual([{ name: "start", problem: "the node is starting" }]);
  parts.hasStarted = true;
  health.stop();
  expect(await health.results()).toEqual([{ name: "stop", problem: "the node is stopping" }]);
  expect(health.isStopping()).toBe(true);
});

it("has the results of every worker, and of the primary", async () => {
  const { workers, processes } = workersOf();
  for (const process of processes) process.serve();
  const health = new WorkersHealth({ workers, hasStarted: true });
  health.begin([{ name: "configuration", run: async () => undefined, remark: () => "it is old" }]);
  const results = health.results();
  answer(processes[0], [OK]);
  answer(processes[1], [{ name: "store", problem: "no answer" }]);
  expect(await results).toEqual([
    { name: "worker 1: store", problem: undefined },
    { name: "worker 2: store", problem: "no answer" },
    { name: "configuration", problem: undefined, remark: "it is old" },
  ]);
});

it("does without a worker that is started again, as long as another serves", async () => {
  const { workers, processes } = workersOf();
  for (const process of processes) process.serve();
  const health = new WorkersHealth({ workers, hasStarted: true });
  processes[1]?.end("SIGKILL");
  const results = health.results();
  answer(processes[0], [OK]);
  const again = "it has ended, and is being started again";
  expect(await results).toEqual([
    { name: "worker 1: store", problem: undefined },
    { name: "worker 2", problem: undefined, remark: again },
  ]);
  processes[0]?.end("SIGKILL");
  expect(await health.results()).toEqual([
    { name: "worker 1", problem: again },
    { name: "worker 2", problem: again },
  ]);
});

it("does not wait for a worker for ever", async () => {
  const { machine, workers, processes } = workersOf();
  for (const process of processes) process.serve();
  const results = new WorkersHealth({ workers, hasStarted: true }).results();
  answer(processes[0], [OK]);
  machine.pass(2_500);
  expect((await results).at(-1)).toEqual({ name: "worker 2", problem: "it did not answer in time" });
});
