import { expect, it } from "vitest";
import { WorkersMetrics } from "../../../src/server/workers/metrics.ts";
import { WorkerSlot } from "../../../src/server/workers/worker-slot.ts";
import { Instruments } from "../../../src/telemetry/metrics/instruments.ts";
import { recordingLogger } from "../../support/logger.ts";
import { fakeProcesses, timerMachine } from "./fake-workers.ts";

/** The metrics of a process that has counted so many things, and lags so far behind. */
function measuring(things: number, lag: number) {
  const instruments = new Instruments(recordingLogger());
  const count = instruments.counter("things_total", "Things.", []);
  for (let thing = 0; thing < things; thing++) count({});
  instruments.histogram("thing_seconds", "Things.", [])(0.2, {});
  instruments.gauge("lag_seconds", "Lag.", [], "max", () => [{ value: lag }]);
  instruments.gauge("due_seconds", "Due.", [], "min", () => [{ value: lag }]);
  instruments.gauge("build_info", "Build.", [], "first", () => [{ value: 1 }]);
  return { count: () => count({}), snapshot: () => instruments.snapshot() };
}

/** Two workers, which answer while `isAnswering`, and their primary. */
function start() {
  const machine = timerMachine();
  const { startProcess, processes } = fakeProcesses();
  const metrics = new WorkersMetrics(measuring(0, 0));
  const nobody = { begun: () => {}, ready: () => {}, clockSetBack: () => {}, ended: metrics.noteEnd };
  const workers = [1, 2].map((number) => new WorkerSlot(number, { startProcess, machine, listener: nobody }));
  for (const worker of workers) worker.start();
  for (const process of processes) process.serve();
  const measured = [measuring(2, 5), measuring(3, 9)];
  const silent = new Set<number>();

  async function scrape(): Promise<Record<string, number>> {
    const scraped = metrics.scrape(workers, undefined);
    for (const [index, process] of processes.entries()) {
      const question = process.told.findLast((message) => message.kind === "question");
      const answer = await measured[index]?.snapshot();
      if (question === undefined || silent.has(index)) continue;
      // As it arrives over a channel.
      process.say({ kind: "answer", id: question.id, answer: JSON.parse(JSON.stringify(answer)) });
    }
    machine.pass(2_000);
    const { text } = await scraped;
    const lines = text.split("\n").filter((line) => /^\w+ \S+$/.test(line));
    return Object.fromEntries(lines.map((line) => line.split(" ")).map(([name, value]) => [name, Number(value)]));
  }
  return { machine, processes, measured, silent, scrape };
}

it("are sums of counts, the worst of what is true now, and one of what is the same", async () => {
  const { scrape } = start();
  expect(await scrape()).toMatchObject({
    things_total: 5,
    thing_seconds_count: 3,
    lag_seconds: 9,
    due_seconds: 0,
    build_info: 1,
  });
});

it("never fall as workers end, and begin anew", async () => {
  const { scrape, processes, measured, machine } = start();
  await scrape();
  processes[1]?.end("SIGKILL");
  expect(await scrape()).toMatchObject({ things_total: 5, thing_seconds_count: 3, lag_seconds: 5 });
  machine.pass(100);
  measured.push(measuring(4, 1));
  processes[2]?.serve();
  expect(await scrape()).toMatchObject({ things_total: 9, thing_seconds_count: 4 });
  processes[2]?.end("SIGKILL");
  expect(await scrape()).toMatchObject({ things_total: 9, thing_seconds_count: 4 });
  expect(await scrape()).toMatchObject({ things_total: 9, thing_seconds_count: 4 });
});

it("have what a worker had counted that does not answer, and nothing else of it", async () => {
  const { scrape, silent, measured } = start();
  await scrape();
  silent.add(1);
  measured[0]?.count();
  expect(await scrape()).toMatchObject({ things_total: 6, lag_seconds: 5 });
});
