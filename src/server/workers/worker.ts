import { flushCompileCache } from "node:module";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Config } from "../../config/config.ts";
import type { ReadFile } from "../../config/files.ts";
import { type ConfigContext, loadConfig } from "../../config/load.ts";
import { readAgain } from "../../config/reload.ts";
import type { Files } from "../file-watch.ts";
import { JOBS, type Job } from "../jobs.ts";
import type { Place, Told } from "../place.ts";
import { type Service, startService } from "../service.ts";
import { followClock } from "./clock.ts";
import type { Introduction, Questions } from "./messages.ts";
import { failureOf, introductionBy, type Primary } from "./processes.ts";

/** What a worker needs. */
interface WorkerParts {
  readonly primary: Primary;
  readonly sources: ConfigContext;
  readonly openLogger: (config: Config, worker: number) => Promise<Logger>;
  /** Resolves once the process is asked to stop, other than by the primary. */
  readonly stopSignal: Promise<unknown>;
}

/** What one worker does for all. */
const KEPT: ReadonlySet<string> = new Set([JOBS.sweep, JOBS.endTenants]);

/** What is asked of a worker, and how it answers. */
type Answers = {
  readonly [About in keyof Questions]: (request: Questions[About]["request"]) => Promise<Questions[About]["answer"]>;
};

/** Serves as one of several workers until the primary, or a signal, has it stop. Tells the primary why it cannot start. */
export async function runWorker({ primary, sources, openLogger, stopSignal }: WorkerParts): Promise<void> {
  const stopping = Promise.race([stopSignal, toldBy(primary, "stop")]);
  const isKeeper = flagSetBy(toldBy(primary, "keep"));
  const clockFrom = followClock(primary);
  const introduction = await introductionBy(primary);
  let files: Files = { ...introduction.files, ...introduction.reloaded };
  try {
    const config = configOf(introduction, sources);
    const logger = await openLogger(config, introduction.number);
    const { time } = introduction;
    const clock = time && clockFrom(time);
    const { place, told } = placeOf(clock, isKeeper);
    const own = { ...sources, readFile: (path: string) => readFrom(files, sources.readFile)(path) };
    const starting = startService(config, own, logger, place);
    const service = await Promise.race([starting, stopping.then(() => undefined)]);
    // A start can be interrupted at any time.
    if (service === undefined) return;
    const { health, metrics } = await told;
    answer(primary, {
      health: () => health.results(),
      metrics: () => metrics.snapshot(),
      reload: ({ trigger, scope, files: changed }) => {
        files = { ...files, ...changed };
        return service.reread(trigger, scope);
      },
      reopenAudit: async () => void (await service.reopenAudit()),
    });
    await primary.send({ kind: "ready", ports: portsOf(service) });
    flushCompileCache();
    await stopping;
    await service.close();
  } catch (error) {
    await primary.send({ kind: "failed", failure: failureOf(error) });
  }
}

/** What the service has started with, and what it was told to reload since: as if this worker had been there all the time. */
function configOf({ files, reloaded }: Introduction, sources: ConfigContext): Config {
  const first = loadConfig({ ...sources, readFile: readFrom(files, sources.readFile) });
  if (reloaded === undefined) return first;
  const all = { ...files, ...reloaded };
  return readAgain(first, { ...sources, readFile: readFrom(all, sources.readFile) }).config;
}

/** Reads files as they were at one time, and others as they are now. */
function readFrom(files: Files, read: ReadFile): ReadFile {
  return (path) => (Object.hasOwn(files, path) ? (files[path] ?? "") : read(path));
}

/** The place of a worker: it leaves to the primary what a process tells of itself, and to the keeper what only one does. */
function placeOf(
  clock: Clock | undefined,
  isKeeper: () => boolean,
): { readonly place: Place; readonly told: Promise<Told> } {
  const { promise, resolve } = Promise.withResolvers<Told>();
  const place: Place = {
    clock: clock && (() => clock),
    role: undefined,
    isElsewhere: ({ name }: Job) => name === JOBS.watchFiles || (KEPT.has(name) && !isKeeper()),
    async manage(_, told) {
      resolve(told);
      return 0;
    },
  };
  return { place, told: promise };
}

function portsOf({ httpPort, rpcPort, operatorPort }: Service) {
  return { httpPort, rpcPort, operatorPort };
}

/** Resolves once the primary has told something. */
function toldBy(primary: Primary, kind: "stop" | "keep"): Promise<void> {
  return new Promise((resolve) => primary.onMessage((message) => message.kind === kind && resolve()));
}

function flagSetBy(event: Promise<void>): () => boolean {
  let isSet = false;
  void event.then(() => {
    isSet = true;
  });
  return () => isSet;
}

/** Answers the primary's questions from now on. */
function answer(primary: Primary, answers: Answers): void {
  primary.onMessage(async (message) => {
    if (message.kind !== "question") return;
    const { id, about, request } = message;
    const find = answers[about] as (request: unknown) => Promise<unknown>;
    await primary.send({ kind: "answer", id, answer: await find(request) });
  });
}
