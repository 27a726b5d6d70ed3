import { beforeEach, expect, it } from "vitest";
import { WorkersConfiguration } from "../../../src/server/workers/configuration.ts";
import { WorkerSlot } from "../../../src/server/workers/worker-slot.ts";
import { type FakeProcess, fakeProcesses, timerMachine } from "./fake-workers.ts";

let processes: FakeProcess[];
let workers: WorkerSlot[];
let configuration: WorkersConfiguration;
let machine: ReturnType<typeof timerMachine>;

beforeEach(() => {
  machine = timerMachine();
  const fake = fakeProcesses();
  processes = fake.processes;
  configuration = new WorkersConfiguration({ "/a": "first", "/b": "first" });
  const listener = {
    begun: () => {},
    ready: (worker: WorkerSlot) => configuration.catchUp(worker),
    clockSetBack: () => {},
    ended: () => {},
  };
  workers = [1, 2].map((number) => new WorkerSlot(number, { startProcess: fake.startProcess, machine, listener }));
  for (const worker of workers) {
    worker.start();
    configuration.introduce(worker.number);
  }
});

const serveAll = () => processes.map((process) => process.serve());
const questions = (index: number) => processes[index]?.told.filter((message) => message.kind === "question") ?? [];
const settled = () => new Promise(setImmediate);

/** Lets a worker answer its last question. */
async function answer(index: number, problems: readonly string[] = []): Promise<void> {
  const { id = 0 } = questions(index).at(-1) ?? {};
  processes[index]?.say({ kind: "answer", id, answer: problems });
  await settled();
}

const request = { trigger: "SIGHUP", scope: "configuration", files: { "/a": "second" } } as const;

it("reloads one worker after the other", async () => {
  serveAll();
  const reloading = configuration.reload(request, workers);
  expect([questions(0), questions(1)]).toMatchObject([[{ about: "reload", request }], []]);
  await answer(0);
  expect(questions(1)).toMatchObject([{ about: "reload", request }]);
  await answer(1);
  await reloading;
});

it("goes no further than the first worker if that cannot use it", async () => {
  serveAll();
  const reloading = configuration.reload(request, workers);
  reloading.catch(() => undefined);
  await answer(0, ["a key does not open"]);
  await expect(reloading).rejects.toThrow("worker 1: a key does not open");
  expect(questions(1)).toEqual([]);
  expect(configuration.introduce(1).reloaded).toBeUndefined();
});

it("tells which other worker could not, and does not wait for one for ever", async () => {
  serveAll();
  const reloading = configuration.reload(request, workers);
  reloading.catch(() => undefined);
  await answer(0);
  machine.pass(60_000);
  await expect(reloading).rejects.toThrow("worker 2: it does not answer");
});

it("has a worker that starts later read what the others have read", async () => {
  expect(configuration.introduce(1)).toEqual({ files: { "/a": "first", "/b": "first" }, reloaded: undefined });
  await configuration.reload(request, workers);
  expect(configuration.introduce(1)).toEqual({
    files: { "/a": "first", "/b": "first" },
    reloaded: { "/a": "second", "/b": "first" },
  });
});

it("has a worker reload what was reloaded while it started", async () => {
  processes[0]?.serve();
  const reloading = configuration.reload(request, workers);
  await answer(0);
  await reloading;
  processes[1]?.serve();
  expect(questions(1)).toMatchObject([{ about: "reload", request: { files: { "/a": "second", "/b": "first" } } }]);
});

it("waits for no worker that has ended: it starts again with the new files", async () => {
  serveAll();
  const reloading = configuration.reload(request, workers);
  await answer(0);
  processes[1]?.end("SIGKILL");
  await reloading;
  expect(configuration.introduce(2).reloaded).toEqual({ "/a": "second", "/b": "first" });
});
